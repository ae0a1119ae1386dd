;; Small functions that are called in a loop: clamping, and a pseudo-random number in a global.
(module
  (global $seed (mut i32) (i32.const 12345))
  (func $random (result i32)
    (global.set $seed (i32.add (i32.mul (global.get $seed) (i32.const 1103515245)) (i32.const 12345)))
    (i32.shr_u (global.get $seed) (i32.const 16)))
  (func $clamp (param $x i32) (param $low i32) (param $high i32) (result i32)
    (if (i32.lt_s (local.get $x) (local.get $low)) (then (return (local.get $low))))
    (if (i32.gt_s (local.get $x) (local.get $high)) (then (return (local.get $high))))
    (local.get $x))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (global.set $seed (i32.const 12345))
    (loop $next
      (local.set $sum
        (i32.add (local.get $sum)
          (call $clamp (i32.sub (call $random) (i32.const 20000)) (i32.const -9000) (i32.const 9000))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))

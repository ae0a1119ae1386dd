;; A loop that calls one of four functions through a table.
(module
  (type $operation (func (param i32 i32) (result i32)))
  (table 4 funcref)
  (elem (i32.const 0) $add $sub $xor $mul)
  (func $add (type $operation) (i32.add (local.get 0) (local.get 1)))
  (func $sub (type $operation) (i32.sub (local.get 0) (local.get 1)))
  (func $xor (type $operation) (i32.xor (local.get 0) (local.get 1)))
  (func $mul (type $operation) (i32.mul (local.get 0) (i32.or (local.get 1) (i32.const 1))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $x i32)
    (local.set $x (i32.const 1))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $x
          (call_indirect (type $operation)
            (local.get $x) (local.get $i)
            (i32.and (i32.shr_u (local.get $i) (i32.const 1)) (i32.const 3))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $x)))

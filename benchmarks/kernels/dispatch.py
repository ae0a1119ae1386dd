"""An interpreter for a small machine, n turns of its loop."""

PUSH, ADD, SUB, MUL, DUP, SWAP, LOAD, STORE, JUMP_IF, LESS, HALT = range(11)
MASK = 0xFFFF_FFFF

# fmt: off
PROGRAM = (
    LOAD, 0, LOAD, 1, MUL, PUSH, 7, ADD, DUP, STORE, 1, LOAD, 2, SWAP, SUB, STORE, 2,
    LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, PUSH, 0, SWAP, LESS, JUMP_IF, 0, HALT,
)
# fmt: on


def run(n: int) -> int:
    """Return what the program computes."""
    variables, stack, pc = [n, 3, 0], [], 0
    while True:
        code = PROGRAM[pc]
        pc += 1
        if code == PUSH:
            stack.append(PROGRAM[pc])
            pc += 1
        elif code == ADD:
            top = stack.pop()
            stack[-1] = (stack[-1] + top) & MASK
        elif code == SUB:
            top = stack.pop()
            stack[-1] = (stack[-1] - top) & MASK
        elif code == MUL:
            top = stack.pop()
            stack[-1] = stack[-1] * top & MASK
        elif code == DUP:
            stack.append(stack[-1])
        elif code == SWAP:
            stack[-1], stack[-2] = stack[-2], stack[-1]
        elif code == LOAD:
            stack.append(variables[PROGRAM[pc]])
            pc += 1
        elif code == STORE:
            variables[PROGRAM[pc]] = stack.pop()
            pc += 1
        elif code == JUMP_IF:
            pc = PROGRAM[pc] if stack.pop() else pc + 1
        elif code == LESS:
            top = stack.pop()
            stack[-1] = stack[-1] < top
        else:
            return variables[2]

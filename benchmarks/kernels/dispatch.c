// An interpreter for a small machine, n turns of its loop: a switch in a loop, over codes in memory.
enum { PUSH, ADD, SUB, MUL, DUP, SWAP, LOAD, STORE, JUMP_IF, LESS, HALT };

static int stack[64], variables[8];

static const unsigned char program[] = {
    LOAD, 0, LOAD, 1, MUL, PUSH, 7, ADD, DUP, STORE, 1, LOAD, 2, SWAP, SUB, STORE, 2,
    LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, PUSH, 0, SWAP, LESS, JUMP_IF, 0, HALT};

static __attribute__((noinline)) int interpret(int n) {
    int pc = 0, sp = 0;
    variables[0] = n, variables[1] = 3, variables[2] = 0;
    for (;;) {
        switch (program[pc++]) {
        case PUSH: stack[sp++] = program[pc++]; break;
        case ADD: sp--, stack[sp - 1] += stack[sp]; break;
        case SUB: sp--, stack[sp - 1] -= stack[sp]; break;
        case MUL: sp--, stack[sp - 1] *= stack[sp]; break;
        case DUP: stack[sp] = stack[sp - 1], sp++; break;
        case SWAP: {
            int top = stack[sp - 1];
            stack[sp - 1] = stack[sp - 2];
            stack[sp - 2] = top;
            break;
        }
        case LOAD: stack[sp++] = variables[program[pc++]]; break;
        case STORE: variables[program[pc++]] = stack[--sp]; break;
        case JUMP_IF: {
            int target = program[pc++];
            if (stack[--sp]) pc = target;
            break;
        }
        case LESS: sp--, stack[sp - 1] = stack[sp - 1] < stack[sp]; break;
        default: return variables[2];
        }
    }
}

int run(int n) { return interpret(n); }

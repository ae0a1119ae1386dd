// A search tree of n keys, and its sum: pointers, and recursion.
typedef struct node { struct node *left, *right; int key, count; } node;

static node nodes[1 << 15];
static int used;

static __attribute__((noinline)) node *insert(node *at, int key) {
    if (!at) {
        node *made = &nodes[used++];
        made->left = made->right = 0;
        made->key = key, made->count = 1;
        return made;
    }
    if (key < at->key)
        at->left = insert(at->left, key);
    else if (key > at->key)
        at->right = insert(at->right, key);
    else
        at->count++;
    return at;
}

static __attribute__((noinline)) int sum(const node *at, int depth) {
    return at ? at->key * at->count + depth + sum(at->left, depth + 1) + sum(at->right, depth + 1) : 0;
}

int run(int n) {
    node *root = 0;
    unsigned seed = 7;
    used = 0;
    for (int i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        root = insert(root, seed >> 20);
    }
    return sum(root, 0);
}

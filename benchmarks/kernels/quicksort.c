// Quicksort of n pseudo-random words: recursion and memory.
static int items[1 << 16];

static __attribute__((noinline)) void sort(int low, int high) {
    if (low >= high) return;
    int pivot = items[(low + high) / 2], i = low, j = high;
    while (i <= j) {
        while (items[i] < pivot) i++;
        while (items[j] > pivot) j--;
        if (i <= j) {
            int item = items[i];
            items[i++] = items[j];
            items[j--] = item;
        }
    }
    sort(low, j);
    sort(i, high);
}

int run(int n) {
    unsigned seed = 42;
    for (int i = 0; i < n; i++) {
        seed = seed * 1664525 + 1013904223;
        items[i] = seed >> 8;
    }
    sort(0, n - 1);
    unsigned sum = 0;
    for (int i = 0; i < n; i++) sum = sum * 31 + items[i];
    return sum;
}

// Words of a text counted, turned around and compared: bytes and pointers.
static char text[1 << 16], reversed[1 << 16];

static __attribute__((noinline)) int length(const char *s) {
    const char *end = s;
    while (*end) end++;
    return end - s;
}

static __attribute__((noinline)) int compare(const char *a, const char *b, int n) {
    for (int i = 0; i < n; i++)
        if (a[i] != b[i]) return a[i] - b[i];
    return 0;
}

int run(int n) {
    static const char alphabet[] = "the quick brown fox jumps over a lazy dog and ";
    for (int i = 0; i < n; i++) text[i] = alphabet[i * 7 % 46];
    text[n] = 0;
    int size = length(text), words = 0, inside = 0, found = 0, equal = 0;
    for (const char *c = text; *c; c++) {
        if (*c == ' ')
            inside = 0;
        else if (!inside)
            inside = 1, words++;
    }
    for (int i = 0; i < size; i++) reversed[size - 1 - i] = text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i];
    for (int i = 0; i + 4 < size; i++) found += compare(text + i, text + size / 2, 4) == 0;
    for (int i = 0; i < size; i++) equal += (text[i] | 32) == (reversed[i] | 32);
    return words * 1000003 + found * 1009 + equal;
}

// The edit distance of two texts of n bytes: dynamic programming over one row.
static unsigned char a[2048], b[2048];
static int row[2049];

int run(int n) {
    for (int i = 0; i < n; i++) {
        a[i] = 'a' + i * i % 11;
        b[i] = 'a' + i * 5 % 13;
    }
    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 1; i <= n; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[n];
}

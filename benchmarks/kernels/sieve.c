// Primes up to n by Eratosthenes' sieve: bytes in memory.
static unsigned char composite[1 << 20];

int run(int n) {
    int count = 0;
    for (int i = 0; i <= n; i++) composite[i] = 0;
    for (int i = 2; i <= n; i++) {
        if (composite[i]) continue;
        count++;
        for (int j = 2 * i; j <= n; j += i) composite[j] = 1;
    }
    return count;
}

// A hash of n bytes, each mixed into 64 bits: multiplication, rotation and shifts of i64.
typedef unsigned long long u64;

int run(int n) {
    u64 h = 14695981039346656037ull, s = 88172645463325252ull;
    for (int i = 0; i < n; i++) {
        s ^= s << 13, s ^= s >> 7, s ^= s << 17;
        h = (h ^ (s & 255)) * 1099511628211ull;
        h = h << 23 | h >> 41;
        h += s ^ s >> 29;
    }
    return (int)(h ^ h >> 32);
}

// Iterations until points of a square leave the Mandelbrot set, 50 at most: f64 in locals.
int run(int n) {
    int total = 0;
    for (int y = 0; y < n; y++)
        for (int x = 0; x < n; x++) {
            double ci = 2.0 * y / n - 1.0, cr = 3.0 * x / n - 2.0, zr = 0, zi = 0;
            int i = 0;
            while (i < 50 && zr * zr + zi * zi <= 4.0) {
                double next = zr * zr - zi * zi + cr;
                zi = 2.0 * zr * zi + ci;
                zr = next;
                i++;
            }
            total += i;
        }
    return total;
}

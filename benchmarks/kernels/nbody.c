// Five bodies that attract one another, for n steps: f64 in memory, and square roots.
typedef struct { double x, y, z, vx, vy, vz, mass; } body;

static body bodies[5];

int run(int n) {
    for (int i = 0; i < 5; i++) {
        body *b = &bodies[i];
        b->x = i * 1.5, b->y = i * i * 0.5, b->z = 3.0 - i;
        b->vx = 0.1 * i, b->vy = 0.2 - 0.05 * i, b->vz = 0.01 * i * i;
        b->mass = 1.0 / (1 + i);
    }
    for (int step = 0; step < n; step++) {
        for (int i = 0; i < 5; i++) {
            body *a = &bodies[i];
            for (int j = i + 1; j < 5; j++) {
                body *b = &bodies[j];
                double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
                double square = dx * dx + dy * dy + dz * dz;
                double magnitude = 0.001 / (square * __builtin_sqrt(square));
                a->vx -= dx * b->mass * magnitude;
                a->vy -= dy * b->mass * magnitude;
                a->vz -= dz * b->mass * magnitude;
                b->vx += dx * a->mass * magnitude;
                b->vy += dy * a->mass * magnitude;
                b->vz += dz * a->mass * magnitude;
            }
        }
        for (int i = 0; i < 5; i++) {
            body *b = &bodies[i];
            b->x += 0.001 * b->vx;
            b->y += 0.001 * b->vy;
            b->z += 0.001 * b->vz;
        }
    }
    double sum = 0;
    for (int i = 0; i < 5; i++) sum += bodies[i].x + bodies[i].vy;
    return (int)(sum * 1000000);
}

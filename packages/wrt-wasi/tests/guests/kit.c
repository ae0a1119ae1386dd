/* A program for tests: does one thing after the other, as its arguments say. kit.wasm is made of it by

     clang --target=wasm32-wasi --sysroot=/usr -Os -Wl,--strip-all -o kit.wasm kit.c

   (Debian: clang, lld, wasi-libc, libclang-rt-dev-wasm32). */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static char buffer[4096];

static void check(const char *what, int failed) {
    if (failed) {
        printf("%s: %s\n", what, strerror(errno));
        fflush(stdout);
    }
}

static void copy(int from) {
    ssize_t size;
    fflush(stdout);
    while ((size = read(from, buffer, sizeof buffer)) > 0)
        write(1, buffer, size);
    check("read", size < 0);
}

int main(int count, char **arguments) {
    for (int i = 1; i < count; i++) {
        const char *verb = arguments[i];
        const char *object = i + 1 < count ? arguments[i + 1] : "";
        if (!strcmp(verb, "say")) {
            puts(object), i++;
        } else if (!strcmp(verb, "complain")) {
            fprintf(stderr, "%s\n", object), i++;
        } else if (!strcmp(verb, "name")) {
            puts(arguments[0]);
        } else if (!strcmp(verb, "environment")) {
            for (char **each = environ; *each; each++)
                puts(*each);
        } else if (!strcmp(verb, "echo")) {
            copy(0);
        } else if (!strcmp(verb, "show")) {
            int fd = open(object, O_RDONLY);
            check(object, fd < 0);
            copy(fd), close(fd), i++;
        } else if (!strcmp(verb, "write")) {
            int fd = open(object, O_WRONLY | O_CREAT | O_TRUNC, 0666);
            check(object, fd < 0);
            if (fd >= 0)
                write(fd, "written\n", 8), close(fd);
            i++;
        } else if (!strcmp(verb, "list")) {
            DIR *directory = opendir(object);
            check(object, !directory);
            for (struct dirent *each; directory && (each = readdir(directory));)
                puts(each->d_name);
            i++;
        } else if (!strcmp(verb, "exit")) {
            exit(atoi(object));
        } else if (!strcmp(verb, "trap")) {
            __builtin_trap();
        } else if (!strcmp(verb, "spin")) {
            for (volatile unsigned number = 0;; number++)
                ;
        } else if (!strcmp(verb, "sleep")) {
            usleep(atoi(object) * 1000), i++;
        } else if (!strcmp(verb, "wait")) {
            struct pollfd wanted = {0, POLLIN, 0};
            printf("%d\n", poll(&wanted, 1, atoi(object))), i++;
        } else if (!strcmp(verb, "allocate")) {
            size_t size = (size_t)atoi(object) << 20;
            volatile char *memory = malloc(size);
            if (memory)
                memory[size - 1] = 1;
            puts(memory ? "allocated" : "no memory"), i++;
        } else if (!strcmp(verb, "flood")) {
            memset(buffer, 'x', sizeof buffer);
            for (int block = 0; block < atoi(object); block++)
                if (write(1, buffer, sizeof buffer) < 0) {
                    perror("write");
                    break;
                }
            i++;
        } else if (!strcmp(verb, "chance")) {
            unsigned char bytes[8];
            struct timespec now;
            getentropy(bytes, sizeof bytes);
            clock_gettime(CLOCK_REALTIME, &now);
            for (int at = 0; at < 8; at++)
                printf("%02x", bytes[at]);
            printf(" %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec);
        } else {
            fprintf(stderr, "no such thing: %s\n", verb);
            return 2;
        }
    }
    return 0;
}

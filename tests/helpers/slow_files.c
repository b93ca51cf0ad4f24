/* A file system of `SLOW_MS` milliseconds, by preloading: every call of a process that looks up a path which is relative,
   or lies under SLOW_FOLDER, waits so long first. Calls of the main thread are counted, into the file SLOW_COUNTS. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long lookups;

static void wait_for(const char *path) {
    static const char *folder;
    static long milliseconds = -1;
    if (milliseconds < 0) {
        folder = getenv("SLOW_FOLDER");
        milliseconds = getenv("SLOW_MS") ? atol(getenv("SLOW_MS")) : 0;
    }
    if (!folder || !path || !*path || (path[0] == '/' && strncmp(path, folder, strlen(folder))))
        return;
    if (syscall(SYS_gettid) == getpid())
        lookups++;
    if (milliseconds)
        usleep(1000 * milliseconds);
}

/* For Python's ctypes. */
long slow_lookups(void) { return lookups; }

#define NEXT(name) \
    static int (*next)(); \
    if (!next) next = (int (*)())dlsym(RTLD_NEXT, name)

#define STAT(name, type) \
    int name(const char *path, struct type *found) { NEXT(#name); wait_for(path); return next(path, found); }
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

#define STAT_AT(name, type) \
    int name(int at, const char *path, struct type *found, int flags) { \
        NEXT(#name); wait_for(path); return next(at, path, found, flags); }
STAT_AT(fstatat, stat)
STAT_AT(fstatat64, stat64)

int access(const char *path, int mode) { NEXT("access"); wait_for(path); return next(path, mode); }
int mkdir(const char *path, mode_t mode) { NEXT("mkdir"); wait_for(path); return next(path, mode); }
int unlink(const char *path) { NEXT("unlink"); wait_for(path); return next(path); }
int rename(const char *from, const char *to) { NEXT("rename"); wait_for(from); return next(from, to); }

#define MODE(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE(flags) NEXT(#name); wait_for(path); return next(path, flags, mode); }
OPEN(open)
OPEN(open64)
#define OPEN_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        MODE(flags) NEXT(#name); wait_for(path); return next(at, path, flags, mode); }
OPEN_AT(openat)
OPEN_AT(openat64)

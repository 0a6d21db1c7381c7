/* A disk that fails when a test says so: loaded before the C library (LD_PRELOAD), between a program and the kernel.
 *
 * What changes something below one folder is counted, in a page of memory that the test, the program and all that it
 * starts share. From number `at` on (or at that number alone) it fails. The page is the file that FAILING_DISK names;
 * disk.py has the same fields, and says what they mean.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NAMES = 4096, LENGTH = 128 };

struct page {
    int count;     /* how many were counted */
    int at;        /* the first that fails; none below 0 */
    int once;      /* whether it is the only one */
    int error;     /* the errno that it fails with */
    int kinds;     /* which kinds are counted, as bits */
    int met;       /* how many failed */
    char root[LENGTH];
    char names[NAMES][LENGTH];
};

enum kind { CREATE = 1, FOLDER = 2, WRITE = 4, SYNC = 8, LENGTHEN = 16, NAME = 32, REMOVE = 64, OPEN = 128, READ = 256, LINK = 512 };

static struct page *page;

__attribute__((constructor)) static void attach(void) {
    const char *name = getenv("FAILING_DISK");
    int file = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    if (found != MAP_FAILED) page = found;
}

static int below(const char *path) {
    size_t length = strlen(page->root);
    return length && !strncmp(path, page->root, length) && path[length] == '/';
}

static ssize_t opened(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length;
}

/* The whole path of a name in a folder; 0 where it is not below the root. */
static int whole(int folder, const char *name, char *path) {
    if (!page || !name) return 0;
    if (name[0] == '/') {
        if (strlen(name) >= PATH_MAX) return 0;
        strcpy(path, name);
    } else {
        ssize_t length = folder == AT_FDCWD ? syscall(SYS_getcwd, path, PATH_MAX) - 1 : opened(folder, path);
        if (length <= 0 || length + strlen(name) + 2 > PATH_MAX) return 0;
        snprintf(path + length, PATH_MAX - length, "/%s", name);
    }
    return below(path);
}

/* The errno that this fails with, 0 if it is done. */
static int fails(enum kind kind, const char *verb, const char *path) {
    if (!(page->kinds & kind)) return 0;
    int number = __atomic_fetch_add(&page->count, 1, __ATOMIC_SEQ_CST);
    const char *last = strrchr(path, '/');
    if (number < NAMES) snprintf(page->names[number], LENGTH, "%s %.100s", verb, last ? last + 1 : path);
    if (page->at < 0 || number < page->at || (page->once && number > page->at)) return 0;
    __atomic_fetch_add(&page->met, 1, __ATOMIC_SEQ_CST);
    return page->error;
}

static int named(enum kind kind, const char *verb, int folder, const char *name) {
    char path[PATH_MAX];
    int error = whole(folder, name, path) ? fails(kind, verb, path) : 0;
    errno = error ? error : errno;
    return error;
}

static int held(enum kind kind, const char *verb, int file) {
    char path[PATH_MAX];
    int error = page && opened(file, path) > 0 && below(path) ? fails(kind, verb, path) : 0;
    errno = error ? error : errno;
    return error;
}

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    if ((flags & O_ACCMODE) != O_RDONLY && whole(folder, name, path)) {
        int new = (flags & O_CREAT) && syscall(SYS_newfstatat, AT_FDCWD, path, &found, AT_SYMLINK_NOFOLLOW);
        int error = new ? fails(CREATE, "create", path) : fails(OPEN, "open", path);
        if (error) {
            errno = error;
            return -1;
        }
    }
    return syscall(SYS_openat, folder, name, flags, mode);
}

#define MODE(last) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list rest; \
        va_start(rest, last); \
        mode = va_arg(rest, int); \
        va_end(rest); \
    }

int open(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int open64(const char *name, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, name, flags, mode); }
int openat(int folder, const char *name, int flags, ...) { MODE(flags) return open_at(folder, name, flags, mode); }
int openat64(int folder, const char *name, int flags, ...) { MODE(flags) return open_at(folder, name, flags, mode); }

int mkdirat(int folder, const char *name, mode_t mode) {
    return named(FOLDER, "mkdir", folder, name) ? -1 : syscall(SYS_mkdirat, folder, name, mode);
}
int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

/* A disk that is full takes a part of what it is given first, as real ones do. */
static ssize_t partly(int file, const void *data, size_t size, off_t where) {
    int error = held(WRITE, "write", file);
    if (!error) return where < 0 ? syscall(SYS_write, file, data, size) : syscall(SYS_pwrite64, file, data, size, where);
    if ((error == ENOSPC || error == EDQUOT) && size > 1) {
        if (where < 0) syscall(SYS_write, file, data, size / 2);
        else syscall(SYS_pwrite64, file, data, size / 2, where);
    }
    errno = error;
    return -1;
}
ssize_t write(int file, const void *data, size_t size) { return partly(file, data, size, -1); }
ssize_t pwrite(int file, const void *data, size_t size, off_t where) { return partly(file, data, size, where); }
ssize_t pwrite64(int file, const void *data, size_t size, off_t where) { return partly(file, data, size, where); }
ssize_t writev(int file, const struct iovec *pieces, int count) {
    return held(WRITE, "write", file) ? -1 : syscall(SYS_writev, file, pieces, count);
}
ssize_t sendfile(int to, int from, off_t *where, size_t size) {
    return held(WRITE, "write", to) ? -1 : syscall(SYS_sendfile, to, from, where, size);
}
ssize_t sendfile64(int to, int from, off_t *where, size_t size) { return sendfile(to, from, where, size); }
ssize_t copy_file_range(int from, off_t *start, int to, off_t *where, size_t size, unsigned flags) {
    return held(WRITE, "write", to) ? -1 : syscall(SYS_copy_file_range, from, start, to, where, size, flags);
}

ssize_t read(int file, void *data, size_t size) {
    return held(READ, "read", file) ? -1 : syscall(SYS_read, file, data, size);
}
ssize_t pread(int file, void *data, size_t size, off_t where) {
    return held(READ, "read", file) ? -1 : syscall(SYS_pread64, file, data, size, where);
}
ssize_t pread64(int file, void *data, size_t size, off_t where) { return pread(file, data, size, where); }

int fsync(int file) { return held(SYNC, "sync", file) ? -1 : syscall(SYS_fsync, file); }
int fdatasync(int file) { return held(SYNC, "sync", file) ? -1 : syscall(SYS_fdatasync, file); }
int ftruncate(int file, off_t size) { return held(LENGTHEN, "truncate", file) ? -1 : syscall(SYS_ftruncate, file, size); }
int ftruncate64(int file, off_t size) { return ftruncate(file, size); }
int truncate(const char *name, off_t size) {
    return named(LENGTHEN, "truncate", AT_FDCWD, name) ? -1 : syscall(SYS_truncate, name, size);
}
int truncate64(const char *name, off_t size) { return truncate(name, size); }

int renameat(int from, const char *old, int to, const char *new) {
    return named(NAME, "rename to", to, new) ? -1 : syscall(SYS_renameat2, from, old, to, new, 0);
}
int rename(const char *old, const char *new) { return renameat(AT_FDCWD, old, AT_FDCWD, new); }
int linkat(int from, const char *old, int to, const char *new, int flags) {
    return named(LINK, "link", to, new) ? -1 : syscall(SYS_linkat, from, old, to, new, flags);
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }

int unlinkat(int folder, const char *name, int flags) {
    return named(REMOVE, "remove", folder, name) ? -1 : syscall(SYS_unlinkat, folder, name, flags);
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

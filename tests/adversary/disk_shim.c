/* Faults of a disk, for the files below one folder of a process that has this preloaded (LD_PRELOAD).
 *
 * TEST_DISK_FOLDER names the folder, TEST_DISK_FAULT a file whose first word is the fault of now, read anew at each
 * call: "hang" (a flush does not return while the word stands), "eio" (a flush fails), "enospc" (a write fails); anything
 * else, or no such file: none.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static int is_ours(int fd) {
    const char *folder = getenv("TEST_DISK_FOLDER");
    char link[64], path[4096];
    ssize_t length;
    if (!folder) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int fault_is(const char *wanted) {
    const char *place = getenv("TEST_DISK_FAULT");
    char word[16] = {0};
    int fd;
    if (!place) return 0;
    fd = (int)syscall(SYS_openat, AT_FDCWD, place, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    if (syscall(SYS_read, fd, word, sizeof word - 1) < 0) word[0] = 0;
    syscall(SYS_close, fd);
    return strncmp(word, wanted, strlen(wanted)) == 0;
}

static int flush_fault(int fd) {
    struct timespec while_ = {0, 20 * 1000 * 1000};
    if (!is_ours(fd)) return 0;
    while (fault_is("hang")) nanosleep(&while_, NULL);
    return fault_is("eio") ? EIO : 0;
}

#define FLUSH(name)                                                      \
    int name(int fd) {                                                   \
        static int (*real)(int);                                         \
        int fault = flush_fault(fd);                                     \
        if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, #name);         \
        if (fault) { errno = fault; return -1; }                         \
        return real(fd);                                                 \
    }

FLUSH(fsync)
FLUSH(fdatasync)

static int write_fault(int fd) { return is_ours(fd) && fault_is("enospc") ? ENOSPC : 0; }

#define PWRITE(name, offset_t)                                                                            \
    ssize_t name(int fd, const void *data, size_t size, offset_t at) {                                    \
        static ssize_t (*real)(int, const void *, size_t, offset_t);                                      \
        int fault = write_fault(fd);                                                                      \
        if (!real) real = (ssize_t (*)(int, const void *, size_t, offset_t))dlsym(RTLD_NEXT, #name);      \
        if (fault) { errno = fault; return -1; }                                                          \
        return real(fd, data, size, at);                                                                  \
    }

PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t size) {
    static ssize_t (*real)(int, const void *, size_t);
    int fault = write_fault(fd);
    if (!real) real = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    if (fault) { errno = fault; return -1; }
    return real(fd, data, size);
}

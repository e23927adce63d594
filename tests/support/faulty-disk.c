/*
 * Makes the disk fail under the files of the state, for as long as the file named by FAULTS is there: it says
 * what fails ("write", "sync" or "read") and how ("EIO" or "ENOSPC"). Loaded by LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int fails(int fd, const char *what) {
  const char *faults = getenv("FAULTS");
  if (faults == NULL) return 0;
  int control = open(faults, O_RDONLY);
  if (control < 0) return 0;
  char text[64] = "";
  ssize_t length = read(control, text, sizeof text - 1);
  close(control);
  if (length <= 0 || strstr(text, what) == NULL) return 0;
  char link[64], path[4096] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, sizeof path - 1) < 0 || strstr(path, "/state.sqlite") == NULL) return 0;
  errno = strstr(text, "ENOSPC") != NULL ? ENOSPC : EIO;
  return 1;
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
  REAL(pwrite64);
  return fails(fd, "write") ? -1 : real(fd, bytes, count, offset);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) {
  REAL(pread64);
  return fails(fd, "read") ? -1 : real(fd, bytes, count, offset);
}

int fsync(int fd) {
  REAL(fsync);
  return fails(fd, "sync") ? -1 : real(fd);
}

int fdatasync(int fd) {
  REAL(fdatasync);
  return fails(fd, "sync") ? -1 : real(fd);
}

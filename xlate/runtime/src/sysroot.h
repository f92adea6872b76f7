/*
 * -L SYSROOT: what the guest reads at an absolute path is looked up there first, as qemu-user does. Without the option it
 * is the nearest folder above the program that holds its dynamic loader.
 */
#ifndef XLATE_SYSROOT_H
#define XLATE_SYSROOT_H

#include "types.h"

/*
 * The host path for a guest path: where it leads inside SYSROOT, put into buf, when path is absolute and exists there;
 * else path itself. /proc, /sys, /dev, /tmp and existing files of the working folder are always the host's. Use it for
 * every path that is read (open for reading, stat, access, execve ...), and not for what is written or made.
 */
const char *sysroot_path(const char *path, char *buf, size_t size);
/* The same for calls that mean a symbolic link itself. */
const char *sysroot_link(const char *path, char *buf, size_t size);

/* The nearest folder above the open program that holds interp, into buf. False: none but the host's root. */
bool sysroot_above(int fd, const char *interp, char *buf, size_t size);
/* Where the dynamic loader of the open program will be taken from. */
const char *sysroot_loader(int fd, const char *interp, char *buf, size_t size);

#endif

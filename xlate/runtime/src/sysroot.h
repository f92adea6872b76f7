/* -L SYSROOT: absolute guest paths are looked up there first, as qemu-user does. */
#ifndef XLATE_SYSROOT_H
#define XLATE_SYSROOT_H

#include "types.h"

/*
 * The host path for a guest path: SYSROOT + path, put into buf, when path is absolute and that exists; else path
 * itself. Use it for every path argument that names an existing thing (open without O_CREAT|O_EXCL, stat, access,
 * readlink, execve, chdir ...).
 */
const char *sysroot_path(const char *path, char *buf, size_t size);

#endif

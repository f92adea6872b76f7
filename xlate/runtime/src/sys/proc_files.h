/* Writers of generated /proc files: each writes the whole text to a descriptor and returns 0 or more, or -errno. */
#ifndef XLATE_SYS_PROC_FILES_H
#define XLATE_SYS_PROC_FILES_H

#include "types.h"

struct thread;

long proc_write_maps(int fd);		/* proc_maps.c */
long proc_write_cpuinfo(int fd);	/* guest/arm32/cpuinfo.c */

/* proc_status.c; path is the host's file to begin with */
long proc_write_stat(struct thread *t, int fd, const char *path);
long proc_write_status(struct thread *t, int fd, const char *path);
long proc_write_statm(struct thread *t, int fd, const char *path);

/* proc_others.c: the file, or -ENOENT when the host's own is to be shown; the program of another guest, if it is one. */
long proc_other_open(const char *path, u32 host_flags);
bool proc_other_exe(const char *path, char *buf, size_t size);

#endif

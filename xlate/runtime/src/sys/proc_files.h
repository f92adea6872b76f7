/* Writers of generated /proc files: each writes the whole text to a descriptor and returns 0 or more, or -errno. */
#ifndef XLATE_SYS_PROC_FILES_H
#define XLATE_SYS_PROC_FILES_H

struct thread;

long proc_write_maps(int fd);		/* proc_maps.c */
long proc_write_cpuinfo(int fd);	/* guest/arm32/cpuinfo.c */

/* proc_status.c; path is the host's file to begin with */
long proc_write_stat(struct thread *t, int fd, const char *path);
long proc_write_status(struct thread *t, int fd, const char *path);
long proc_write_statm(struct thread *t, int fd, const char *path);

#endif

/* Writers of generated /proc files: each writes the whole text to a descriptor and returns 0 or more, or -errno. */
#ifndef XLATE_SYS_PROC_FILES_H
#define XLATE_SYS_PROC_FILES_H

long proc_write_maps(int fd);		/* proc_maps.c */
long proc_write_cpuinfo(int fd);	/* guest/arm32/cpuinfo.c */

#endif

/*
 * What this copy of the runtime carries in its own executable file: packages, and in a standalone executable the
 * guest's program and libraries. It is as trusted as the program itself, of which it is a part.
 */
#ifndef XLATE_PAYLOAD_H
#define XLATE_PAYLOAD_H

#include "blake2.h"
#include "gen/package.h"

/*
 * Is anything carried? Is it a program, to which then all arguments belong? Shall it run with --fp fast? None of these
 * looks into the file.
 */
bool payload_is_there(void);
bool payload_is_program(void);
bool payload_is_fast(void);

/* A descriptor of our own file, by what the kernel says or else by this name. It can be read where it has to be. */
long payload_open_exe(const char *name);
/* Once that is OWN_FD_EXE: look at what is carried. Refuses where the file is not as it was made. */
void payload_begin(void);

struct file_part;

/* The pack (pack_file.h) that is carried; its size is 0 where there is none. False: also where it cannot be read. */
bool payload_pack(struct file_part *part);

/* What store_sum() says of the guest file of a row of it. False: cannot be read. */
bool payload_sum(u32 row, u8 sum[BLAKE2_SIZE]);

/* How many files are carried. */
u32 payload_files(void);
/* Which of the files carried a guest's absolute path names; -1: none. */
s32 payload_find(const char *path);
/* Is there a folder of that name above one of them? */
bool payload_has_folder(const char *path);
/* What the guest calls it. The program has the name of our own file. */
const char *payload_name(u32 file);
/* The file as a descriptor of our own: memory, made when it is first asked for. Or -errno. */
long payload_file(u32 file);
/* A name for it that the host's kernel opens anew, where it has a /proc. Or -errno. */
long payload_path(u32 file, char *buf, size_t size);
/* The same file by a number of the caller's own that closes at execve, at its start; or -errno. */
long payload_copy(u32 file);
/* For who has such a name and finds no /proc: the same by that name, or -ENOENT. */
long payload_copy_named(const char *path);
/* fd is this file: as it was handed over by execve. */
void payload_adopt(u32 file, int fd);

struct stat;
/* Which of them an open file is, our own executable standing for the program; -1: another file. */
s32 payload_which(const struct stat *st);
s32 payload_which_fd(int fd);
/* The name of one that is open, by the number of its inode and what the host calls such files; NULL: another file. */
#define PAYLOAD_HOST_NAME "/memfd:"
const char *payload_name_of(u64 ino);
/* BLAKE2b-256 of its content. */
const u8 *payload_hash(u32 file);

#endif

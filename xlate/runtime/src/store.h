/*
 * The store on disk: its folders, whom to trust, and hashes of files remembered while they do not change. What is kept
 * in it is package.c's and profile.c's; where it is, options.c's.
 */
#ifndef XLATE_STORE_H
#define XLATE_STORE_H

#include <asm/stat.h>

#include "blake2.h"

#define STORE_PATH_SIZE 4096
#define QUICK_SIZE 16
/* Hexadecimal quick key and its NUL. */
#define QUICK_TEXT (2 * QUICK_SIZE + 1)

/* The store's top folder: a descriptor (the caller closes it), -ENOENT, -EPERM when it is not trusted, ... */
long store_root(bool create);
/* The system's store, which is only read: likewise. */
long store_system(void);
/* The folder of -p, where root.c has opened it before it left the host's root; else -1. */
int store_held_package(void);
/* One of its folders; made when `create`. */
long store_folder(int root, const char *name, bool create);
/* Any folder that may hold packages: every folder above it is checked as well. */
long store_open_path(const char *path);
/* Open a file that nobody else may have written; no symbolic link. */
long store_open_file(int folder, const char *name, int flags, struct stat *st);

/*
 * BLAKE2b-256 of a file from `start` on, from the folder `seen` when the file is as it was then (-1: no folder);
 * computed and remembered otherwise. Uses are counted of files with a header, our own. False: it cannot be read, or
 * changes meanwhile.
 */
bool store_hash(int seen, int fd, const struct stat *st, u64 start, u8 out[BLAKE2_SIZE]);
/* When a file of the store was of use last, in seconds: when it was written, or when its hash was asked for. */
u64 store_last_use(int seen, const struct stat *st);
/*
 * The same with a sum that is quick to compute and finds damage, nothing more: for files whose content names nothing.
 */
bool store_sum_of(int seen, int fd, const struct stat *st, u64 start, u8 out[BLAKE2_SIZE]);
void store_sum(const void *data, u64 len, u8 out[BLAKE2_SIZE]);
/* What was remembered of a file that is no more. */
void store_forget(int seen, const struct stat *st);

/* What a file is known by while it does not change: device, inode, size, times. */
#define FILE_NUMBERS 7
void store_numbers(const struct stat *st, u64 out[FILE_NUMBERS]);
/* Its last change is long enough ago for another one to show in its times. */
bool store_settled(const struct stat *st);

/* The name of a file in packages and profiles: a hash of its size and first page. */
bool store_quick(int fd, u64 size, u8 out[QUICK_SIZE]);
void store_quick_text(const u8 quick[QUICK_SIZE], char text[QUICK_TEXT]);

/* May this process make a file of that size without being killed for it? */
bool store_may_write(u64 size);
/* A name that no other process uses now, in text of at least 32 bytes. */
void store_temporary_name(char *text);

#endif

/*
 * The parts of the runtime that a handler or nobody else calls, fed from standard input: `blake2` prints the hash of
 * the input; `faults COUNT` takes a fault table and prints the guest key of each image offset given as an argument;
 * `trust USER FOLDER` asks whether FOLDER may hold packages, as USER and then as root again.
 */
/* First: the runtime's headers hide every symbol declared after them. */
#include <stdio.h>
#include <stdlib.h>

#include "package.c"
#include "payload.h"

struct process process;
struct stats stats_own;
bool stats_on;
bool rooted_is_on;

static u8 input[1 << 20];

static void never(const char *what)
{
	fprintf(stderr, "%s is not for this test\n", what);
	abort();
}

void stats_package(const char *file, const char *package, u32 functions, const char *state)
{
	(void)file, (void)package, (void)functions, (void)state;
	never("stats_package");
}

bool record_is_on(void)
{
	never("record_is_on");
	return false;
}

void record_add_module(const struct record_module *m, const struct package_file *p)
{
	(void)m, (void)p;
	never("record_add_module");
}

long fd_path(long fd, char *buf, size_t size)
{
	(void)fd, (void)buf, (void)size;
	never("fd_path");
	return -1;
}

void refusal_note(int fd, const struct stat *st)
{
	(void)fd, (void)st;
}

void refusal_tell(void)
{
	never("refusal_tell");
}

u64 cache_window(void)
{
	never("cache_window");
	return 0;
}

bool cache_claim(u64 address, u64 size)
{
	(void)address, (void)size;
	never("cache_claim");
	return false;
}

void cache_unclaim(u64 address, u64 size)
{
	(void)address, (void)size;
	never("cache_unclaim");
}

bool dispatch_map_slices(struct thread *t, u64 low, u64 high, int fd, u64 a32_at, u64 t32_at)
{
	(void)t, (void)low, (void)high, (void)fd, (void)a32_at, (void)t32_at;
	never("dispatch_map_slices");
	return false;
}

void dispatch_drop_slices(struct thread *t, u64 low, u64 high)
{
	(void)t, (void)low, (void)high;
	never("dispatch_drop_slices");
}

bool stock_is_on(void)
{
	never("stock_is_on");
	return false;
}

void stock_mapped(struct thread *t, const struct guest_file *g, const struct stock_module *m)
{
	(void)t, (void)g, (void)m;
	never("stock_mapped");
}

bool mem_is_writable(u64 start, u64 end)
{
	(void)start, (void)end;
	never("mem_is_writable");
	return false;
}

bool payload_pack(struct file_part *part)
{
	(void)part;
	never("payload_pack");
	return false;
}

bool payload_sum(u32 row, u8 sum[BLAKE2_SIZE])
{
	(void)row, (void)sum;
	never("payload_sum");
	return false;
}

const char *payload_name(u32 file)
{
	(void)file;
	never("payload_name");
	return NULL;
}

s32 payload_which_fd(int fd)
{
	(void)fd;
	never("payload_which_fd");
	return -1;
}

s32 payload_which(const struct stat *st)
{
	(void)st;
	never("payload_which");
	return -1;
}

const u8 *payload_hash(u32 file)
{
	(void)file;
	never("payload_hash");
	return NULL;
}

static int print_hash(size_t size)
{
	u8 hash[BLAKE2_SIZE];
	struct blake2 s;

	blake2_begin(&s);
	for (size_t at = 0, part = 1; at < size; at += part, part = part * 3 % 301 + 1) /* pieces of any size */
		blake2_add(&s, input + at, part < size - at ? part : size - at);
	blake2_end(&s, hash);
	for (u32 i = 0; i < BLAKE2_SIZE; i++)
		printf("%02x", hash[i]);
	printf("\n");
	return 0;
}

/* The input again, its last byte right before a page that cannot be read. */
static u64 fenced(size_t size)
{
	u64 room = page_ceil(size);
	long at = host_mmap(0, room + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (host_is_error(at) || host_mprotect((u64)at + room, PAGE_SIZE, 0))
		never("a host without memory");
	memcpy((void *)((u64)at + room - size), input, size);
	return (u64)at + room - size;
}

static int print_keys(size_t size, char **args)
{
	struct package *k = &modules[0].package;

	k->image = 0x7000000000;
	k->image_size = 1ull << 32;
	k->bias = 0x10000;
	k->faults = fenced(size);
	k->faults_size = size;
	k->fault_count = (u32)strtoul(*args++, NULL, 0);
	module_count = 1;
	if (package_owns(k->image - 1) || package_owns(k->image + k->image_size) || !package_owns(k->image))
		return 1;
	for (; *args; args++) {
		struct package_place place = package_place(k->image + strtoul(*args, NULL, 0));

		printf("%u %d\n", place.key, place.sp);
	}
	return 0;
}

static int print_trust(char **args)
{
	u64 user = strtoul(args[0], NULL, 0), users[] = {user, 0};

	for (u32 i = 0; i < ARRAY_LEN(users); i++) {
		host_syscall3(__NR_setresuid, (u64)-1, users[i], (u64)-1);
		printf("%d\n", store_open_path(args[1]) >= 0);
	}
	return 0;
}

int main(int argc, char **argv)
{
	size_t size = fread(input, 1, sizeof(input), stdin);

	if (argc == 2)
		return print_hash(size);
	if (!strcmp(argv[1], "trust"))
		return print_trust(argv + 2);
	return print_keys(size, argv + 2);
}

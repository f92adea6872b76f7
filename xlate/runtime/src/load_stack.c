/*
 * The guest's first stack: strings at the top, then auxiliary vector, environment, arguments and argc at sp, as ARM
 * Linux lays them out. What the auxiliary vector says is decided here and in guest/arm32/hwcap.h.
 */
#include "guest/arm32/hwcap.h"
#include "load.h"
#include "memory.h"
#include "string.h"
#include "thread.h"

enum { RLIMIT_STACK = 3 };
enum {
	AT_NULL = 0,
	AT_PHDR = 3,
	AT_PHENT = 4,
	AT_PHNUM = 5,
	AT_PAGESZ = 6,
	AT_BASE = 7,
	AT_FLAGS = 8,
	AT_ENTRY = 9,
	AT_UID = 11,
	AT_EUID = 12,
	AT_GID = 13,
	AT_EGID = 14,
	AT_PLATFORM = 15,
	AT_HWCAP = 16,
	AT_CLKTCK = 17,
	AT_SECURE = 23,
	AT_RANDOM = 25,
	AT_HWCAP2 = 26,
	AT_EXECFN = 31,
};
#define RANDOM_BYTES 16

static u64 stack_size(void)
{
	u64 limit[2] = {GUEST_STACK_DEFAULT, 0};

	host_syscall4(__NR_prlimit64, 0, RLIMIT_STACK, 0, (u64)limit);
	if (process.opt.stack_size)
		limit[0] = process.opt.stack_size;
	if (limit[0] > GUEST_STACK_MAX)
		return GUEST_STACK_MAX;
	return limit[0] < GUEST_STACK_MIN ? GUEST_STACK_MIN : page_ceil(limit[0]);
}

long stack_map(struct thread *t)
{
	u64 size = stack_size();
	long err;

	for (;; size = page_ceil(size / 2)) { /* under a tight RLIMIT_AS a small stack is better than none */
		err = mem_map_stack(t, GUEST_STACK_TOP - size, GUEST_STACK_TOP, PROT_READ | PROT_WRITE);
		if (err != -ENOMEM || size <= GUEST_STACK_MIN)
			break;
	}
	process.stack_low = GADDR(GUEST_STACK_TOP - size);
	process.stack_top = GADDR(GUEST_STACK_TOP);
	return err;
}

/* A stack being filled downwards; the first failure sticks. */
struct builder {
	u64 sp;
	long err;
};

static u32 push(struct builder *b, const void *bytes, u64 len)
{
	if (b->err || len > b->sp - process.stack_low.va) {
		b->err = b->err ? b->err : -E2BIG;
		return 0;
	}
	b->sp -= len;
	b->err = copy_out(GADDR(b->sp), bytes, len);
	return (u32)b->sp;
}

static u32 push_string(struct builder *b, const char *s)
{
	return push(b, s, strlen(s) + 1);
}

static u32 push_word(struct builder *b, u32 word)
{
	return push(b, &word, sizeof(word));
}

static u32 count_words(char *const *v)
{
	u32 n = 0;

	while (v[n])
		n++;
	return n;
}

/* The words of argv from its end, strings only; addresses are found again by walking the strings upwards. */
static void push_strings(struct builder *b, const struct guest_args *a)
{
	for (u32 i = count_words(a->env); i-- > 0;)
		push_string(b, a->env[i]);
	process.env_start = GADDR(b->sp);
	process.arg_end = GADDR(b->sp);
	for (u32 i = a->arg_count; i-- > 0;)
		push_string(b, a->args[i]);
	for (u32 i = a->prefix_count; i-- > 0;)
		push_string(b, a->prefix[i]);
	process.arg_start = GADDR(b->sp);
}

static void aux(u32 type, u32 value)
{
	process.auxv[process.auxv_count][0] = type;
	process.auxv[process.auxv_count][1] = value;
	process.auxv_count++;
}

static u64 host_aux(u32 type, u64 otherwise)
{
	for (const u64 *a = process.host_auxv; a[0]; a += 2)
		if (a[0] == type)
			return a[1];
	return otherwise;
}

static void fill_auxv(const struct image *program, const struct image *interpreter, u32 platform, u32 random,
		      u32 exec_name)
{
	process.auxv_count = 0;
	aux(AT_HWCAP, hwcap_bits(HWCAPS, ARRAY_LEN(HWCAPS)));
	aux(AT_PAGESZ, PAGE_SIZE);
	aux(AT_CLKTCK, 100);
	aux(AT_PHDR, program->phdr);
	aux(AT_PHENT, sizeof(struct elf_phdr));
	aux(AT_PHNUM, program->phnum);
	aux(AT_BASE, interpreter ? interpreter->bias : 0);
	aux(AT_FLAGS, 0);
	aux(AT_ENTRY, program->entry);
	aux(AT_UID, (u32)host_aux(AT_UID, 0));
	aux(AT_EUID, (u32)host_aux(AT_EUID, 0));
	aux(AT_GID, (u32)host_aux(AT_GID, 0));
	aux(AT_EGID, (u32)host_aux(AT_EGID, 0));
	aux(AT_SECURE, (u32)host_aux(AT_SECURE, 0));
	aux(AT_RANDOM, random);
	aux(AT_HWCAP2, hwcap_bits(HWCAPS2, ARRAY_LEN(HWCAPS2)));
	aux(AT_EXECFN, exec_name);
	aux(AT_PLATFORM, platform);
	aux(AT_NULL, 0);
}

/* The same bytes for the same --seed. */
static void seeded_bytes(u8 bytes[RANDOM_BYTES])
{
	u64 state = process.opt.seed;

	for (u32 i = 0; i < RANDOM_BYTES; i += sizeof(u64)) {
		u64 x = virtual_mix(&state);

		memcpy(bytes + i, &x, sizeof(x));
	}
}

/* Random bytes from the kernel's own for us: our program has no use for them. */
static u32 push_random(struct builder *b)
{
	u8 bytes[RANDOM_BYTES] = {0};
	const void *host = (const void *)host_aux(AT_RANDOM, 0);

	if (process.opt.seeded)
		seeded_bytes(bytes);
	else if (turns_on())
		virtual_random(bytes, sizeof(bytes));
	else if (host)
		memcpy(bytes, host, sizeof(bytes));
	else
		host_syscall3(__NR_getrandom, (u64)bytes, sizeof(bytes), 0);
	return push(b, bytes, sizeof(bytes));
}

/* Write the pointers to `count` strings that follow each other from `at`, and a closing 0, upwards from *to. */
static long write_pointers(u64 *to, u64 *at, u32 count)
{
	for (u32 i = 0; i <= count; i++, *to += 4) {
		u32 word = i < count ? (u32)*at : 0;
		long err = copy_out(GADDR(*to), &word, sizeof(word));

		if (err)
			return err;
		if (i < count)
			*at += strlen(g2h(GADDR(*at))) + 1;
	}
	return 0;
}

static long write_table(struct thread *t, struct builder *b, u32 argc, u32 envc)
{
	u64 bytes = 4ull * (1 + argc + 1 + envc + 1) + 8ull * process.auxv_count;
	u64 strings = process.arg_start.va, to;
	long err;

	if (bytes + 64 > b->sp - process.stack_low.va)
		return -E2BIG;
	b->sp = (b->sp - bytes) & ~15ull;
	t->cpu.r[13] = (u32)b->sp;
	to = b->sp + 4;
	err = copy_out(GADDR(b->sp), &argc, sizeof(argc));
	if (!err)
		err = write_pointers(&to, &strings, argc);
	if (!err)
		err = write_pointers(&to, &strings, envc);
	return err ? err : copy_out(GADDR(to), process.auxv, 8ull * process.auxv_count);
}

long stack_build(struct thread *t, const struct guest_args *a, const struct image *program,
		 const struct image *interpreter)
{
	struct builder b = {.sp = process.stack_top.va};
	u32 exec_name, platform, random;

	push_word(&b, 0);
	exec_name = push_string(&b, a->exec_name);
	process.env_end = GADDR(exec_name);
	push_strings(&b, a);
	b.sp &= ~15ull;
	platform = push_string(&b, "v7l");
	random = push_random(&b);
	b.sp &= ~15ull;
	fill_auxv(program, interpreter, platform, random, exec_name);
	if (b.err)
		return b.err;
	return write_table(t, &b, a->prefix_count + a->arg_count, count_words(a->env));
}

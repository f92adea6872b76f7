/* What the system says about itself: an ARMv7 kernel of the host's release. */
#include "sys/sys.h"

/* struct new_utsname: six texts of 65 bytes. */
enum { UTS_FIELD = 65, UTS_RELEASE = 2, UTS_MACHINE = 4, UTS_FIELDS = 6 };

struct host_sysinfo {
	s64 uptime;
	u64 loads[3];
	u64 memory[6]; /* totalram, freeram, sharedram, bufferram, totalswap, freeswap */
	u16 procs, pad;
	u64 totalhigh, freehigh;
	u32 mem_unit;
};

long sys_uname(struct thread *t, gaddr out)
{
	char names[UTS_FIELDS][UTS_FIELD];
	long err = host_syscall1(__NR_uname, (u64)names);

	(void)t;
	if (err)
		return err;
	memset(names[UTS_MACHINE], 0, UTS_FIELD);
	memcpy(names[UTS_MACHINE], "armv7l", 6);
	if (process.opt.uname_release) {
		memset(names[UTS_RELEASE], 0, UTS_FIELD);
		memcpy(names[UTS_RELEASE], process.opt.uname_release, strlen(process.opt.uname_release));
	}
	return copy_out(out, names, sizeof(names));
}

/* With --deterministic: nothing that others change. */
static void repeatable(const struct thread *t, struct host_sysinfo *h)
{
	s64 nsec;

	virtual_clock(t, 7 /* CLOCK_BOOTTIME */, &h->uptime, &nsec);
	memset(h->loads, 0, sizeof(h->loads));
	h->memory[1] = h->memory[0] / 2;
	h->memory[2] = h->memory[3] = h->freehigh = 0;
	h->memory[5] = h->memory[4];
	h->procs = 1;
}

/* More memory than 32 bits of bytes can say is counted in pages, by the rule of the kernel's 32-bit compatibility. */
long sys_sysinfo(struct thread *t, gaddr out)
{
	struct host_sysinfo h;
	struct guest_sysinfo g = {0};
	u32 *memory = &g.totalram;
	u32 shift = 0;
	long err = host_syscall1(__NR_sysinfo, (u64)&h);

	if (err)
		return err;
	if (turns_on())
		repeatable(t, &h);
	if (h.memory[0] >> 32 || h.memory[4] >> 32)
		for (; h.mem_unit < PAGE_SIZE; h.mem_unit <<= 1)
			shift++;
	for (u32 i = 0; i < 6; i++)
		memory[i] = (u32)(h.memory[i] >> shift);
	g.uptime = (s32)h.uptime;
	for (u32 i = 0; i < 3; i++)
		g.loads[i] = (u32)h.loads[i];
	g.procs = h.procs;
	g.totalhigh = (u32)(h.totalhigh >> shift);
	g.freehigh = (u32)(h.freehigh >> shift);
	g.mem_unit = h.mem_unit;
	return copy_out(out, &g, sizeof(g));
}

/*
 * The execution domain. Executable data is a property of guest mappings (memory.c), never of the host's, so that bit is
 * not passed on.
 */
#define READ_IMPLIES_EXEC 0x0400000u
#define PERSONALITY_QUERY 0xffffffffu

long sys_personality(struct thread *t, u32 persona)
{
	(void)t;
	if (persona != PERSONALITY_QUERY)
		persona &= ~READ_IMPLIES_EXEC;
	return host_syscall1(__NR_personality, persona);
}

/* Every number of the runtime that somebody chose, with the reason. */
#ifndef XLATE_TUNABLES_H
#define XLATE_TUNABLES_H

/*
 * One thread's block: struct thread, alternate stack, host stack. A power of two, since thread_self() masks with it.
 * Guest calls of optimised code are host calls, so the stack is as large as a guest's; pages come on demand.
 */
#define THREAD_BLOCK (8u << 20)
/* Kernel frames hold the whole vector state (11 KiB with AMX); a fault may nest in a recording handler. */
#define THREAD_ALT_STACK (64u << 10)
/* Blocks kept for the next threads. */
#define SPARE_BLOCKS 32
/* Room kept at the block's base for struct thread and the emulation manager's per-thread part. */
#define THREAD_HEAD (32u << 10)

/*
 * How deep the host stack may get, as offsets in the block. Functions that poll at entry leave below the first: what is
 * under it is for the C code that optimised functions call and for functions that do not poll. Optimised code is not
 * entered below the second, so that a function just entered has room for its own frame. Dispatchers are not nested below
 * the third: dropping them costs little, and jumps out of them (longjmp) should not touch a stack of 8 MiB.
 */
#define STACK_FLOOR 0x80000
#define ENTER_FLOOR 0x90000
/* While contexts of faults are kept the first is lower, so that a handler has room below wherever the fault was. */
#define KEPT_FLOOR 0x60000
#define KEPT_STACK_FLOOR 0x40000
#ifndef NEST_FLOOR /* tests move it */
#define NEST_FLOOR 0x500000
#endif

/* Highest guest address a mapping may reach: the kuser page is all there is above, as on a 32-bit process of a 64-bit kernel. */
#define GUEST_TASK_END 0xffff0000ul
#define GUEST_KUSER_PAGE 0xffff0000ul
/* No image may reach beyond this: the end of user space in the usual 3 GiB split, and well below the stack. */
#define GUEST_IMAGE_END 0xbf000000ul
/* Top of the guest's stack; some pages below the task's end, so that an overrun upwards faults. */
#define GUEST_STACK_TOP 0xfffe0000ul
/* Linux's usual default; more only when RLIMIT_STACK says so, and never so much that little is left for mappings. */
#define GUEST_STACK_DEFAULT (8ul << 20)
#define GUEST_STACK_MAX (256ul << 20)
/* Least stack worth starting with when memory is refused (argv and environment must fit as well). */
#define GUEST_STACK_MIN (128ul << 10)
/* Unmapped room below the stack, as the kernel's stack_guard_gap: endless recursion must fault. */
#define GUEST_STACK_GUARD (1ul << 20)
/* The kernel leaves at least this much below the stack before the mapping area begins. */
#define GUEST_MMAP_GAP (128ul << 20)
/* Lowest address a guest mapping may ask for; page 0 stays free so that null pointers fault. */
#define GUEST_MMAP_MIN 0x1000ul
/* Lowest address chosen for a mapping nobody gave an address for: above any vm.mmap_min_addr in use. */
#define GUEST_SEARCH_MIN 0x10000ul
/* Where position-independent programs go: ELF_ET_DYN_BASE of 32-bit ARM. */
#define GUEST_PIE_BASE 0x00400000ul

/* Guest base where identity is impossible: fixed, so that persisted translations keyed by it can be found again. */
#define GUEST_BASE_DEFAULT 0x1000000000ul
/* Inaccessible room after the guest's 4 GiB: the longest single host access that starts below the end. */
#define GUEST_BASE_GUARD 0x10000ul

/* Mappings the table holds before it has to grow into memory of its own. */
#define MEM_REGIONS_STATIC 256

/* --record: pages and processor time of one case, and how often one function is written down, roughly: 2^3. */
#define RECORD_PAGES_MAX 60u
#define RECORD_MICROSECONDS 200000ul
#define RECORD_ARRIVALS_MAX 9u

/* Descriptors of our own: places in group.own_fds, and how far below the limit they are put. */
#define OWN_FD_COUNT 12
#define OWN_FD_ROOM 16

/* Largest argv or envp array accepted from a guest, in entries: 8 MiB of pointers; the kernel's byte limit comes first. */
#define EXEC_WORDS_MAX (1ul << 20)

/* --- turns of --deterministic ------------------------------------------------------------------------ */

/* The longest is 2^TURN_BITS counted places; lengths are spread evenly over the powers of two, so short ones are frequent. */
#define TURN_BITS 16
/* One system call in so many lets another thread go first. */
#define CALLS_BETWEEN 4
/* What a counted place and a system call are worth in virtual time: about what they cost. */
#define PLACE_NS 10
#define CALL_NS 1000
/* How long to wait, in real time, before the host is asked again: twice as long each time, to the second of these. */
#define PROBE_FIRST_NS 20000u
#define PROBE_LAST_NS 1000000u
/*
 * Numbers of processes and threads at a time, and how many of them are a process's own before it goes on to the next
 * one's: fewer are in tests.
 */
#ifndef IDS_MAX
#define IDS_MAX (1u << 20)
#define IDS_REGION (1u << 10)
#endif

/* --- translation ----------------------------------------------------------------------------------- */

/* Instructions in a unit: enough for nearly every loop body; a longer run is cut and chained. */
#define UNIT_INSNS 96
/*
 * Micro-operations: LDM makes up to 18, VLDM of 32 single registers 33. An IT block is not cut, so room for four of
 * the longest must be left before another instruction starts.
 */
#define UNIT_UOPS 400
#define UNIT_UOPS_ROOM 160
/* Conditional exits after which a unit ends: beyond, code behind them is rarely reached from here. */
#define UNIT_SIDE_EXITS 5
/* Guest bytes a unit may span: it touches at most two pages. */
#define UNIT_SPAN 2048u
/* Buckets of the map of units: busybox makes hundreds of units, a compiler tens of thousands; pages come on demand. */
#define MAP_BUCKETS 32768u
/* A micro-operation without a template: only its exit counts. */
#define NO_FAMILY 0xffff

/*
 * Sizes of the tables of translations. Programs hardly ever reach them, so tests build a runtime with small ones
 * (tests/runtime/conftest.py): hence the guards.
 */
#ifndef SEGMENT_CODE
/* Run-time code is made in segments: code, then the data cells its exits jump through. */
#define SEGMENT_CODE (1024u << 10)
#define SEGMENT_CELLS (512u << 10)
/* Segments of one process before everything is forgotten and made anew: 256 MiB of code. */
#define SEGMENTS_MAX 256
/* Records of units are made in chunks; when all are in use (2 million units), everything is forgotten as well. */
#define UNITS_IN_CHUNK 512u
#define UNIT_CHUNKS 4096u
/* Fault tables of units are cut from pieces of this size. */
#define META_CHUNK (256u << 10)
/* Lists of the units of a page, by page number: enough for 16 MiB of code without two pages in one list. */
#define PAGE_HEADS 4096u
/* Entries (a power of two) of the direct-mapped look-up table where the flat table's address space is refused. */
#define HASH_BITS 15
#endif
/* Dead units (some 300 bytes each) that are worth starting over for, when they are half of all: about 5 MB. */
#define DEAD_UNITS 16384u
/* Descriptors that a thread resolves paths through at one moment: two paths of a call, and the way of each. */
#define HELD_MAX 6u
/* How often it is asked whether another thread is through with that: who shares memory and was killed never is. */
#define HELD_PATIENCE 100000u
/* Modules whose packages are mapped at a time: what the look-up of a host pc goes through. */
#define CLAIMS_MAX 64
/* Guest addresses where nested dispatchers may end, a power of two; beyond three quarters all are forgotten. */
#define HOOKS_MAX 16384u
/*
 * Host code that a process keeps for later ones before its own end: writing this much holds it up for about 1 ms. More is
 * left to a process of its own, which costs half as much.
 */
#ifndef STOCK_CODE_AT_ONCE
#define STOCK_CODE_AT_ONCE (256u << 10)
#endif
/*
 * A start waits for such a process: it is done in 20 ms, on a busy machine in 100, and what it writes saves as much processor
 * time. So long at a time, and so often in all.
 */
#define STOCK_WAIT_NS 1000000u
#define STOCK_WAITS 200u
/* Most host code one unit may need; a segment with less room is closed. */
#define UNIT_CODE_MAX (48u << 10)
#define UNIT_CELLS_MAX (16u << 10)

#endif

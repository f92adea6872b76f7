/*
 * keyctl: each operation is a row that says which of its arguments are addresses. Operations that are in no row hold
 * vectors or parameter blocks and are refused with EOPNOTSUPP, as a kernel without them would.
 */
#include "sys/sys.h"

enum use {
	NUMBERS,
	STRING_1,	/* the first is a text */
	STRINGS_23,	/* the second and third are texts */
	PAYLOAD_2,	/* the second is read, the third its length */
	BUFFER_2,	/* the second is written, the third its length */
};

static const u8 operations[] = {
	[0] = NUMBERS,		/* KEYCTL_GET_KEYRING_ID */
	[1] = STRING_1,		/* KEYCTL_JOIN_SESSION_KEYRING */
	[2] = PAYLOAD_2,	/* KEYCTL_UPDATE */
	[3] = NUMBERS,		/* KEYCTL_REVOKE */
	[4] = NUMBERS,		/* KEYCTL_CHOWN */
	[5] = NUMBERS,		/* KEYCTL_SETPERM */
	[6] = BUFFER_2,		/* KEYCTL_DESCRIBE */
	[7] = NUMBERS,		/* KEYCTL_CLEAR */
	[8] = NUMBERS,		/* KEYCTL_LINK */
	[9] = NUMBERS,		/* KEYCTL_UNLINK */
	[10] = STRINGS_23,	/* KEYCTL_SEARCH */
	[11] = BUFFER_2,	/* KEYCTL_READ */
	[12] = PAYLOAD_2,	/* KEYCTL_INSTANTIATE */
	[13] = NUMBERS,		/* KEYCTL_NEGATE */
	[14] = NUMBERS,		/* KEYCTL_SET_REQKEY_KEYRING */
	[15] = NUMBERS,		/* KEYCTL_SET_TIMEOUT */
	[16] = NUMBERS,		/* KEYCTL_ASSUME_AUTHORITY */
	[17] = BUFFER_2,	/* KEYCTL_GET_SECURITY */
	[18] = NUMBERS,		/* KEYCTL_SESSION_TO_PARENT */
	[19] = NUMBERS,		/* KEYCTL_REJECT */
};

long sys_keyctl(struct thread *t, s32 op, u32 a, u32 b, u32 c, u32 d)
{
	(void)t;
	if ((u32)op >= ARRAY_LEN(operations))
		return -EOPNOTSUPP;
	switch (operations[op]) {
	case STRING_1:
		return host_syscall5(__NR_keyctl, (u64)op, ptr_to_host(GADDR(a)), b, c, d);
	case STRINGS_23:
		return host_syscall5(__NR_keyctl, (u64)op, a, ptr_to_host(GADDR(b)), ptr_to_host(GADDR(c)), d);
	case PAYLOAD_2:
		return host_syscall5(__NR_keyctl, (u64)op, a, buf_in(GADDR(b), c), c, d);
	case BUFFER_2:
		return host_syscall5(__NR_keyctl, (u64)op, a, buf_out(GADDR(b), c), c, d);
	default:
		return host_syscall5(__NR_keyctl, (u64)op, a, b, c, d);
	}
}

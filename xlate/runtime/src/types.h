/* Fixed-width names and the guest address type used by every file of the runtime. */
#ifndef XLATE_TYPES_H
#define XLATE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* A guest virtual address: not a pointer, so that it cannot be dereferenced by accident. */
typedef struct {
	u64 va;
} gaddr;

#define GADDR(x) ((gaddr){(u64)(x)})
#define PAGE_SIZE 4096u
#define PAGE_MASK (~(u64)(PAGE_SIZE - 1))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline u64 page_floor(u64 x)
{
	return x & PAGE_MASK;
}

static inline u64 page_ceil(u64 x)
{
	return (x + PAGE_SIZE - 1) & PAGE_MASK;
}

#endif

/*
 * Four singles in a vector register: Advanced SIMD by intrinsics on ARM, gcc's vectors elsewhere.
 * On ARM gcc makes no vector code of the operators, since it would flush denormals.
 */
#ifndef CORPUS_LANES_H
#define CORPUS_LANES_H

#include <string.h>

#ifdef __ARM_NEON
#include <arm_neon.h>
typedef float32x4_t lanes;

static inline lanes load(const float *p) { return vld1q_f32(p); }
static inline void store(float *p, lanes v) { vst1q_f32(p, v); }
static inline lanes all(float x) { return vdupq_n_f32(x); }
static inline lanes plus(lanes a, lanes b) { return vaddq_f32(a, b); }
static inline lanes times(lanes a, lanes b) { return vmulq_f32(a, b); }
static inline lanes more(lanes sum, lanes a, lanes b) { return vmlaq_f32(sum, a, b); }
#else
typedef float lanes __attribute__((vector_size(16)));

static inline lanes load(const float *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return v;
}
static inline void store(float *p, lanes v) { memcpy(p, &v, sizeof(v)); }
static inline lanes all(float x) { return (lanes){ x, x, x, x }; }
static inline lanes plus(lanes a, lanes b) { return a + b; }
static inline lanes times(lanes a, lanes b) { return a * b; }
static inline lanes more(lanes sum, lanes a, lanes b) { return sum + a * b; }
#endif

/* The lanes one after the other, the same on every machine. */
static inline float total(lanes v)
{
	float x[4];

	store(x, v);
	return ((x[0] + x[1]) + x[2]) + x[3];
}

#endif

/* What faults.c, faults_sites.c and faults.S have in common. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdint.h>

#define PAGE 4096u
#define PAGES 64u
#define NOINLINE __attribute__((noinline, noclone))

/* faults.S: ldr r0, [r0] and return; the same with lr and sp moved by what only a run knows; handler with frame. */
int peek(const int *at);
int peek_deep(const int *at, unsigned words, unsigned link);
int peek_popped(const int *at, unsigned meanwhile);
int peek_held(const int *at, unsigned meanwhile);
int peek_seven(const int *at);
void handler_with_frame(int sig);

/* faults.c */
extern unsigned char *arena;
void catch(int sig, void (*handler)(int), int flags);
void use_altstack(void);
uint32_t mix(uint32_t *data, uint32_t n, uint32_t seed);
double sums(double *data, int n, double x);

/* faults_sites.c */
void show_sites(void);

#endif

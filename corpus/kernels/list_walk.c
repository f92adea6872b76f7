/* Walk a shuffled linked list, a nine-way switch at each node: pointer chasing and a jump table.
 * One repetition is one walk over 4096 nodes. */
#include "kernel.h"

enum { NODES = 4096 };

struct node {
	struct node *next;
	uint32_t kind, value;
};

static struct node nodes[NODES];
static uint16_t order[NODES];

static void make_list(void)
{
	uint32_t seed = 11;

	for (unsigned i = 0; i < NODES; i++)
		order[i] = (uint16_t)i;
	for (unsigned i = NODES - 1; i; i--) {
		unsigned j = next_random(&seed) % (i + 1);
		uint16_t t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (unsigned i = 0; i < NODES; i++) {
		struct node *n = &nodes[order[i]];

		n->next = i + 1 < NODES ? &nodes[order[i + 1]] : NULL;
		n->kind = next_random(&seed) % 9;
		n->value = next_random(&seed);
	}
}

__attribute__((noinline)) static uint32_t walk(const struct node *n, uint32_t x)
{
	for (; n; n = n->next) {
		switch (n->kind) {
		case 0: x += n->value; break;
		case 1: x ^= n->value; break;
		case 2: x -= n->value << 3; break;
		case 3: x = x << 7 | x >> 25; break;
		case 4: x *= n->value | 1; break;
		case 5: x = ~x + n->value; break;
		case 6: x ^= x >> 15; break;
		case 7: x += x << 4; break;
		case 8: x -= n->value & 0xff; x ^= 0x5a5a; break;
		}
	}
	return x;
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t sum = 1;

	make_list();
	for (unsigned i = 0; i < reps; i++)
		sum = walk(nodes + order[0], sum + i);
	return report("list_walk", sum);
}

/* Computed goto and dense switches, small enough that the output tells which arm was taken. */
#include <stdio.h>

static int threaded(const char *code)
{
	static const void *const labels[] = { &&push1, &&dup, &&add, &&mul, &&end };
	int stack[32], *top = stack;

	goto *labels[*code++ - '0'];
push1:
	*top++ = 1;
	goto *labels[*code++ - '0'];
dup:
	top++, top[-1] = top[-2];
	goto *labels[*code++ - '0'];
add:
	top--, top[-1] += top[0];
	goto *labels[*code++ - '0'];
mul:
	top--, top[-1] *= top[0];
	goto *labels[*code++ - '0'];
end:
	return top[-1];
}

/* Enough dense cases for TBB or TBH, and a default on both sides. */
static int dense(int x)
{
	switch (x) {
	case 10: return 3;
	case 11: return x * 2;
	case 12: return x ^ 5;
	case 13: putchar('*'); return 1;
	case 14: return -x;
	case 15: return x << 3;
	case 16: return x % 7;
	case 17: return dense(x - 3);
	case 18: return 88;
	default: return -1;
	}
}

int main(void)
{
	printf("%d %d\n", threaded("01212134"), threaded("0120121234"));
	for (int i = 8; i < 21; i++)
		printf("%d ", dense(i));
	putchar('\n');
	return 0;
}

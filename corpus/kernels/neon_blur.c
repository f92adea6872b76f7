/* An image filter in singles, four pixels at a time: five taps across, then five down.
 * One repetition is an image of 128 x 64. */
#include "kernel.h"
#include "lanes.h"

enum { W = 128, H = 64, TAPS = 5 };

static float image[H + TAPS - 1][W + TAPS + 3], between[H + TAPS - 1][W], out[H][W];
static const float weights[TAPS] = { 0.0625f, 0.25f, 0.375f, 0.25f, 0.0625f };

__attribute__((noinline)) static void across(void)
{
	for (int y = 0; y < H + TAPS - 1; y++)
		for (int i = 0; i < W; i += 4) {
			lanes sum = times(load(&image[y][i]), all(weights[0]));

			for (int k = 1; k < TAPS; k++)
				sum = more(sum, load(&image[y][i + k]), all(weights[k]));
			store(&between[y][i], sum);
		}
}

__attribute__((noinline)) static void down(void)
{
	for (int y = 0; y < H; y++)
		for (int i = 0; i < W; i += 4) {
			lanes sum = times(load(&between[y][i]), all(weights[0]));

			for (int k = 1; k < TAPS; k++)
				sum = more(sum, load(&between[y + k][i]), all(weights[k]));
			store(&out[y][i], sum);
		}
}

int main(int argc, char **argv)
{
	unsigned reps = repetitions(argc, argv);
	uint32_t seed = 23, sum = 0, bits;

	for (int y = 0; y < H + TAPS - 1; y++)
		for (int i = 0; i < W + TAPS + 3; i++)
			image[y][i] = (float)(next_random(&seed) & 255);
	for (unsigned r = 0; r < reps; r++) {
		across();
		down();
		memcpy(&bits, &out[r % H][(r * 7) % W], sizeof(bits));
		sum = sum * 31 + bits;
		image[r % H][r % W] = (float)(sum & 255);
	}
	return report("neon_blur", sum);
}

/* Two threads that sleep and write at once, for traces with more than one line open at a time. */
#include <pthread.h>
#include <unistd.h>

static void *work(void *arg)
{
	usleep(20000);
	if (write(1, "thread\n", 7) != 7)
		_exit(1);
	return arg;
}

int main(void)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* What code of 32-bit ARM finds in the state besides what every guest has: monitor, help with ciphers, FPSCR. */
#include "ciphers.h"
#include "monitor.h"
#include "thread.h"

void guest_attach(struct thread *t)
{
	monitor_attach(t);
	ciphers_attach(t);
	fpscr_write(t, 0);
}

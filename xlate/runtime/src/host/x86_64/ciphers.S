/* From translated code to ciphers_run() and back: rcx = slots, edx = number. */
#include "host/x86_64/help.h"

	.text
	HELP	ciphers_entry, ciphers_run
	.section .note.GNU-stack, "", @progbits

/* What stock.c and stock_write.c know of a module. */
#ifndef XLATE_STOCK_MODULE_H
#define XLATE_STOCK_MODULE_H

#include "stock_file.h"

struct module_stock {
	struct stock_key key;
	u64 text_low, text_high;
	u32 bias;
	bool ends;		/* nothing of it is written any more */
	u64 image, image_size;	/* where the kept code is mapped; size 0: none is */
	u64 at, size;		/* and its tables */
	u32 file_bias;		/* that the file's code was made for */
	struct stock_tables tables;
};

#define STOCK_MODULES 128
extern struct module_stock stocks[STOCK_MODULES];
extern u32 stock_count;

#endif

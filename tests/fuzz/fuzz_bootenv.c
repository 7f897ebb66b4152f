/* Whatever the lines say, what we change is read back as it was meant. */
#include "fuzz.h"

#include <stdlib.h>

#include "daemons/ocf-fw-write/grubenv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bootenv E = {
		BOOTENV_GRUB, {"A", "B"},
                 3
        };
	uint8_t block[GRUBENV_SIZE];
	struct bootenv_change c;
	struct boot_vars v;
	struct boot_plan p;
	struct span lines;

	bootenv_read(&E, span_of(data, size), &v);
	if (!grubenv_lines(span_of(data, size), &lines))
		return 0;
	bootenv_read(&E, lines, &v);
	boot_plan_good(&v, 1, &p);
	if (bootenv_plan(&E, lines, &p, &c) < 0 || grubenv_set(span_of(data, size), &c, block) < 0)
		return 0;
	if (!grubenv_lines(span_of(block, sizeof(block)), &lines))
		abort();
	bootenv_read(&E, lines, &v);
	if (v.primary != 1 || !v.slot[1].good)
		abort();
	return 0;
}

/* lib/svr/otm.h - owner transfer methods, ours and a vendor's: one row each.
 *
 * How to add one: docs/vendor-methods.md. */
#pragma once

#include "svr/route.h"

struct otm {
	enum oxm oxm;             /* doxm.oxmsel; a vendor's from OXM_VENDOR up */
	const char *name;         /* "random-pin": configuration and D-Bus */
	const char *label;        /* that the owner credential is derived with */
	enum svr_profile profile; /* of handshakes while it is selected; with SVR_PROFILE_PIN they
				     prove device_pin(), and wrong ones are slowed down */
	/* What else selecting it does to the staged device, or why it cannot be now; NULL: nothing.
	 * Called for each selection, also of the method that is selected already. */
	enum verdict (*select)(struct exchange *x, struct device *dev);
};

const struct otm *otm_find(unsigned oxm); /* NULL: unknown, and OXM_NONE */

#include "svr/rep.h"

struct uuid rep_uuid(struct cbr *c)
{
	struct span text = cbr_text(c);
	struct uuid uuid = {{0}};

	if (!uuid_parse(text, &uuid))
		cbr_fail(c, CBR_VALUE);
	return uuid;
}

void rep_seen(struct cbr *c, unsigned *seen, enum property property)
{
	cbr_once(c, seen, PROP_BIT(property));
}

#include "svr/dos.h"

#include <assert.h>

/* pstat.cm and tm on entry, as far as the state rules them: the other bits stay. */
#define STATE_BITS (MODE_RESET | MODE_TAKE_OWNER)
static const uint16_t ENTRY_CM[] = {
	[DOS_RESET] = MODE_RESET, [DOS_RFOTM] = MODE_TAKE_OWNER, [DOS_SRESET] = MODE_RESET};
static const uint16_t ENTRY_TM[] = {[DOS_RESET] = MODE_TAKE_OWNER, [DOS_SRESET] = 0};

bool svr_ready(const struct device *dev)
{
	if (!dev->owned || uuid_is_nil(&dev->devowner) || uuid_is_nil(&dev->uuid))
		return false;
	for (size_t i = 0; i < OWNER_COUNT; i++)
		if (uuid_is_nil(&dev->rowner[i]) || !device_admits(dev, &dev->rowner[i], NULL))
			return false;
	return true;
}

/* One row per allowed step; a step without a row is refused. */
static const struct dos_row {
	enum dos from, to;
	bool client;                             /* may a client ask, or only the device itself? */
	bool (*guard)(const struct device *dev); /* NULL: no further condition */
	unsigned effects; /* FX_*, done by the daemon after commit and answer */
} DOS_ROWS[] = {
	{DOS_RESET,  DOS_RFOTM,  false, NULL,      FX_SIGNAL | FX_CLOSE_ALL | FX_REKEY},
	{DOS_RFOTM,  DOS_RFPRO,  true,  svr_ready, FX_SIGNAL | FX_REKEY               },
	{DOS_RFPRO,  DOS_RFNOP,  true,  svr_ready, FX_SIGNAL | FX_END_OBSERVERS       },
	{DOS_RFNOP,  DOS_RFPRO,  true,  svr_ready, FX_SIGNAL                          },
	{DOS_RFPRO,  DOS_SRESET, true,  svr_ready, FX_SIGNAL                          },
	{DOS_RFNOP,  DOS_SRESET, true,  svr_ready, FX_SIGNAL                          },
	{DOS_SRESET, DOS_RFPRO,  true,  svr_ready, FX_SIGNAL                          },
	{DOS_RFOTM,  DOS_RESET,  true,  NULL,      FX_SIGNAL | FX_RESET_WAIT          },
	{DOS_RFPRO,  DOS_RESET,  true,  NULL,      FX_SIGNAL | FX_RESET_WAIT          },
	{DOS_RFNOP,  DOS_RESET,  true,  NULL,      FX_SIGNAL | FX_RESET_WAIT          },
	{DOS_SRESET, DOS_RESET,  true,  NULL,      FX_SIGNAL | FX_RESET_WAIT          },
};

bool dos_is_stored(enum dos dos)
{
	return dos != DOS_RESET && dos != DOS_RFOTM;
}

static const struct dos_row *row_find(enum dos from, enum dos to)
{
	for (size_t i = 0; i < ARRAY_SIZE(DOS_ROWS); i++)
		if (DOS_ROWS[i].from == from && DOS_ROWS[i].to == to)
			return &DOS_ROWS[i];
	return NULL;
}

static void set_state(struct device *dev, enum dos to)
{
	dev->dos = to;
	dev->cm = (uint16_t)((dev->cm & ~STATE_BITS) | ENTRY_CM[to]);
	dev->tm = (uint16_t)((dev->tm & ~STATE_BITS) | ENTRY_TM[to]);
}

bool dos_step(struct device *dev, enum dos to, enum dos_actor actor, struct svr_out *out)
{
	const struct dos_row *row = row_find(dev->dos, to);

	if (!row || (actor == BY_CLIENT && !row->client) || (row->guard && !row->guard(dev)))
		return false;
	out->store = out->store || dos_is_stored(dev->dos) || dos_is_stored(to);
	set_state(dev, to);
	if (to == DOS_RFNOP)
		dev->doc = 0; /* the session goes on as any other */
	out->effects |= row->effects;
	return true;
}

bool dos_reset(struct device *dev, uint64_t session, enum dos_actor actor, struct svr_out *out)
{
	if (!dos_step(dev, DOS_RESET, actor, out))
		return false;
	dev->reset_by = session;
	return true;
}

void dos_wipe(struct device *dev, const struct svr_env *env, struct svr_out *out)
{
	bool pin = device_pin(dev) != NULL;

	device_wipe(dev, env);
	if (!dos_step(dev, DOS_RFOTM, BY_DEVICE, out))
		assert(false && "the one row from RESET");
	if (pin)
		out->effects |= FX_PIN_HIDE;
}

void dos_resume(struct device *dev, enum dos dos)
{
	set_state(dev, dos);
}

bool dos_fits(const struct device *dev)
{
	return dev->dos == DOS_SRESET || svr_ready(dev);
}

const char *dos_name(enum dos dos)
{
	static const char *const NAMES[] = {
		[DOS_RESET] = "RESET", [DOS_RFOTM] = "RFOTM",   [DOS_RFPRO] = "RFPRO",
		[DOS_RFNOP] = "RFNOP", [DOS_SRESET] = "SRESET",
	};

	return NAMES[dos];
}

/* Stored form of the records: [version, {writable properties}], all of them required. An unowned
 * device stores nothing, so that an empty pstat record is what makes it unowned. */
#include "codec/cbw.h"
#include "svr/acl.h"
#include "svr/cred.h"
#include "svr/dos.h"
#include "svr/doxm.h"
#include "svr/pstat.h"
#include "svr/sdi.h"

#define RECORD_VERSION 1

const char *const SVR_RECORD_NAMES[REC_COUNT] = {
	[REC_DOXM] = "doxm", [REC_CRED] = "cred",   [REC_ACL2] = "acl2",
	[REC_SDI] = "sdi",   [REC_PSTAT] = "pstat",
};

/* Ours, but a damaged disk is as bad as a hostile peer. Room for what a device can hold. */
static const struct cbr_limits LIMITS = {
	.bytes = (size_t)2 * 1024 * 1024, .depth = 8, .items = 65536, .text = ACE_TEXT_MAX};

static void write_doxm(const struct device *dev, struct buf *b)
{
	cbw_kv_uint(b, "oxmsel", dev->oxmsel);
	cbw_kv_bool(b, "owned", dev->owned);
	cbw_kv_uuid(b, "deviceuuid", &dev->uuid);
	cbw_kv_uuid(b, "devowneruuid", &dev->devowner);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_DOXM]);
}

static void write_cred(const struct device *dev, struct buf *b)
{
	cbw_str(b, "creds");
	cbw_array(b);
	for (size_t i = 0; i < dev->n_creds; i++)
		cred_rep_write(&dev->creds[i], true, b);
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_CRED]);
}

static void write_acl2(const struct device *dev, struct buf *b)
{
	cbw_str(b, "aclist2");
	cbw_array(b);
	for (size_t i = 0; i < dev->acl.n; i++)
		acl2_rep_write(dev->acl.v[i], b);
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_ACL2]);
}

static void write_pstat(const struct device *dev, struct buf *b)
{
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_uint(b, "s", dev->dos);
	cbw_end(b);
	cbw_kv_uint(b, "om", dev->om);
	cbw_kv_uint(b, "tm", dev->tm);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_PSTAT]);
}

static void write_sdi(const struct device *dev, struct buf *b)
{
	sdi_rep_write(dev, b);
}

static void open_record(struct cbr *c, struct span record)
{
	cbr_open(c, record, &LIMITS);
	cbr_array(c);
	if (!cbr_more(c) || cbr_uint(c, UINT32_MAX) != RECORD_VERSION || !cbr_more(c))
		cbr_fail(c, CBR_VALUE);
}

/* All of the properties from `first` to `last` and nothing behind them? */
static bool is_whole(struct cbr *c, unsigned seen, enum property first, enum property last)
{
	if (cbr_more(c))
		cbr_fail(c, CBR_VALUE);
	return cbr_close(c) == CBR_OK && seen == PROP_BIT(last + 1) - PROP_BIT(first);
}

static bool is_method(unsigned oxm)
{
	return oxm == OXM_JUST_WORKS || oxm == OXM_RANDOM_PIN || oxm == OXM_MFG_CERT;
}

static bool read_doxm(struct device *dev, struct cbr *c)
{
	struct doxm_update u;

	doxm_rep_read(c, &u);
	if (!is_whole(c, u.seen, DOXM_OXMSEL, DOXM_ROWNERUUID) || !is_method(u.oxmsel))
		return false;
	dev->oxmsel = (enum oxm)u.oxmsel;
	dev->owned = u.owned;
	dev->uuid = u.deviceuuid;
	dev->devowner = u.devowneruuid;
	dev->rowner[OWNER_DOXM] = u.rowneruuid;
	return true;
}

static bool read_cred(struct device *dev, struct cbr *c)
{
	CLEANUP(cred_update_wipe) struct cred_update u;

	cred_rep_read(c, &u);
	if (!is_whole(c, u.seen, CRED_CREDS, CRED_ROWNERUUID))
		return false;
	for (size_t i = 0; i < u.n_creds; i++)
		if (u.creds[i].credid == NO_CREDID || u.creds[i].key.len == 0)
			return false;
	memcpy(dev->creds, u.creds, sizeof(dev->creds));
	dev->n_creds = u.n_creds;
	dev->rowner[OWNER_CRED] = u.rowneruuid;
	return true;
}

static bool read_acl2(struct device *dev, struct cbr *c)
{
	CLEANUP(acl2_update_done) struct acl2_update u;

	acl2_rep_read(c, &u);
	if (!is_whole(c, u.seen, ACL2_ACLIST2, ACL2_ROWNERUUID))
		return false;
	for (size_t i = 0; i < u.acl.n; i++)
		if (u.acl.v[i]->aceid == 0)
			return false;
	dev->acl = u.acl;
	u.acl = (struct acl){0};
	dev->rowner[OWNER_ACL2] = u.rowneruuid;
	return true;
}

static bool read_sdi(struct device *dev, struct cbr *c)
{
	struct sdi_update u;

	sdi_rep_read(c, &u);
	if (!is_whole(c, u.seen, SDI_UUID, SDI_PRIV))
		return false;
	sdi_apply(dev, &u);
	return true;
}

static bool read_pstat(struct device *dev, struct cbr *c)
{
	struct pstat_update u;

	pstat_rep_read(c, &u);
	if (!is_whole(c, u.seen, PSTAT_DOS, PSTAT_ROWNERUUID) || u.om != OM_CLIENT_DIRECTED ||
	    !dos_is_stored(u.dos))
		return false;
	dos_resume(dev, u.dos);
	dev->tm = u.tm;
	dev->rowner[OWNER_PSTAT] = u.rowneruuid;
	return true;
}

static const struct {
	void (*write)(const struct device *dev, struct buf *b);
	bool (*read)(struct device *dev, struct cbr *c); /* false: damaged, *dev as before */
	const char *why;
} RECORDS[REC_COUNT] = {
	[REC_DOXM] = {write_doxm,  read_doxm,  "record doxm is damaged" },
	[REC_CRED] = {write_cred,  read_cred,  "record cred is damaged" },
	[REC_ACL2] = {write_acl2,  read_acl2,  "record acl2 is damaged" },
	[REC_SDI] = {write_sdi,   read_sdi,   "record sdi is damaged"  },
	[REC_PSTAT] = {write_pstat, read_pstat, "record pstat is damaged"},
};

void svr_record_write(const struct device *dev, enum svr_record rec, struct buf *out)
{
	if (!dos_is_stored(dev->dos))
		return;
	cbw_array_n(out, 2);
	cbw_uint(out, RECORD_VERSION);
	cbw_map(out);
	RECORDS[rec].write(dev, out);
	cbw_end(out);
}

static bool load(struct device *dev, enum svr_record rec, struct span record)
{
	struct cbr c;

	open_record(&c, record);
	return RECORDS[rec].read(dev, &c);
}

/* Nothing says that somebody owns the device: what is left of the records is to be emptied. */
static void start_unowned(struct device *dev, const struct span records[REC_COUNT],
			  const struct svr_env *env, struct svr_out *out)
{
	dos_wipe(dev, env, out);
	out->records = out->effects = 0;
	for (enum svr_record i = 0; i < REC_COUNT; i++)
		if (records[i].len)
			out->records |= REC_BIT(i);
	out->scrub = out->records != 0;
}

/* Only pstat is rewritten, so that a damaged or newer record is still there for a closer look,
 * and no half-repaired one takes the device back into operation. */
static void start_repair(struct device *dev, struct svr_out *out)
{
	dev->owned = true;
	dos_resume(dev, DOS_SRESET);
	out->records = REC_BIT(REC_PSTAT);
}

int svr_start(const struct device_info *info, const struct span records[REC_COUNT],
	      const struct svr_env *env, struct svr_out *out, const char **ret_why)
{
	struct device *dev = calloc(1, sizeof(*dev));
	const char *why = NULL;

	if (!dev)
		return -ENOMEM;
	*out = (struct svr_out){.verdict = V_CHANGED, .body = out->body, .staged = dev};
	*ret_why = NULL;
	dev->info = info;
	device_wipe(dev, env);
	if (records[REC_PSTAT].len == 0) {
		start_unowned(dev, records, env, out);
		return 0;
	}
	dev->stored = true;
	for (enum svr_record i = 0; i < REC_COUNT; i++)
		if (!load(dev, i, records[i]))
			why = RECORDS[i].why;
	if (!why && !dos_fits(dev))
		why = "records contradict each other";
	if (why)
		start_repair(dev, out);
	*ret_why = why;
	return 0;
}

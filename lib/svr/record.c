/* Stored form of the device: [format, {doxm}, {pstat}, {cred}, {sdi}, {acl2}, {sp}, {keys}, {crl},
 * {swu}, {ael}], each with all its writable properties. What is behind acl2 came later: a record
 * may end before it. In format 2 each map is wrapped in a byte string. */
#include <assert.h>

#include "codec/cbw.h"
#include "svr/acl.h"
#include "svr/ael.h"
#include "svr/cred.h"
#include "svr/crl.h"
#include "svr/dos.h"
#include "svr/doxm.h"
#include "svr/otm.h"
#include "svr/pstat.h"
#include "svr/sdi.h"
#include "svr/sp.h"
#include "svr/swu.h"

/* Ours, but a damaged disk is as bad as a hostile peer. Room for what a device can hold. */
static const struct cbr_limits LIMITS = {
	.bytes = SVR_RECORD_MAX, .depth = 8, .items = SVR_RECORD_MAX, .text = CRL_MAX};
static const struct cbr_limits WRAPPED_LIMITS = {
	.bytes = SVR_RECORD_MAX, .depth = 1, .items = 64, .text = SVR_RECORD_MAX};

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
		cred_rep_write(dev->creds[i], true, b);
	cbw_end(b);
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_CRED]);
}

static void write_acl2(const struct device *dev, struct buf *b)
{
	cbw_str(b, "aclist2");
	buf_put(b, aclist_octets(dev->acl));
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_ACL2]);
}

static void write_pstat(const struct device *dev, struct buf *b)
{
	cbw_str(b, "dos");
	cbw_map(b);
	cbw_kv_uint(b, "s", dev->dos);
	cbw_end(b);
	cbw_kv_uint(b, "om", dev->om);
	cbw_kv_uint(b, "tm", dev->tm & (uint16_t)~dev->swu.asked); /* jobs do not survive */
	cbw_kv_uuid(b, "rowneruuid", &dev->rowner[OWNER_PSTAT]);
}

/* Was all of it there, from `first` to `last`? */
static bool is_whole(const struct cbr *c, unsigned seen, enum property first, enum property last)
{
	return c->err == CBR_OK && seen == PROP_BIT(last + 1) - PROP_BIT(first);
}

static bool is_method(unsigned oxm)
{
	return otm_find(oxm) || oxm == OXM_NONE; /* after a repair */
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

static bool is_complete(const struct cred *cred)
{
	return cred->credid != NO_CREDID && (cred->usage != USAGE_NONE || cred->key.len != 0) &&
	       cred->usage != USAGE_MFGCERT && cred->usage != USAGE_MFGTRUSTCA;
}

static bool read_cred(struct device *dev, struct cbr *c)
{
	CLEANUP(cred_update_wipe) struct cred_update u;

	cred_rep_read(c, &u);
	if (!is_whole(c, u.seen, CRED_CREDS, CRED_ROWNERUUID))
		return false;
	for (size_t i = 0; i < u.n_creds; i++)
		if (!is_complete(&u.creds[i]))
			return false;
	for (size_t i = 0; i < u.n_creds; i++)
		if (!device_add_cred(dev, &u.creds[i]))
			return false;
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
	if (aclist_new(&dev->acl, &u.acl) < 0)
		return false;
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

/* The key of certificate requests, if there is one yet. */
static void write_keys(const struct device *dev, struct buf *b)
{
	if (dev->csr_key.len == 0)
		return;
	cbw_str(b, "csr");
	cbw_bytes(b, secret_span(&dev->csr_key));
}

static bool read_keys(struct device *dev, struct cbr *c)
{
	struct span key, csr = {0};
	unsigned seen = 0;

	cbr_map(c);
	while (cbr_next(c, &key)) {
		if (!span_is(key, "csr"))
			cbr_fail(c, CBR_VALUE);
		cbr_once(c, &seen, 1);
		csr = cbr_bytes(c);
	}
	return c->err == CBR_OK && (!seen || csr.len == KEY_LONG) && secret_set(&dev->csr_key, csr);
}

static bool read_sp(struct device *dev, struct cbr *c)
{
	struct sp_update u;

	sp_rep_read(c, &u);
	return is_whole(c, u.seen, SP_SUPPORTED, SP_CURRENT) && sp_apply(dev, &u);
}

static bool read_ael(struct device *dev, struct cbr *c)
{
	struct ael_update u;

	ael_rep_read(c, &u);
	if (!is_whole(c, u.seen, AEL_CATEGORIES, AEL_PRIORITY))
		return false;
	ael_apply(dev, &u);
	return true;
}

/* What is read before the damage is kept. New sections go to the end. */
static const struct {
	void (*write)(const struct device *dev, struct buf *b);
	bool (*read)(struct device *dev, struct cbr *c); /* false: damaged, *dev as before */
	const char *why;
} SECTIONS[] = {
	{write_doxm,           read_doxm,       "doxm is damaged" },
	{write_pstat,          read_pstat,      "pstat is damaged"},
	{write_cred,           read_cred,       "cred is damaged" },
	{sdi_rep_write,        read_sdi,        "sdi is damaged"  },
	{write_acl2,           read_acl2,       "acl2 is damaged" },
	{sp_rep_write,         read_sp,         "sp is damaged"   },
	{write_keys,           read_keys,       "keys are damaged"},
	{crl_rep_write_stored, crl_rep_read,    "crl is damaged"  },
	{swu_record_write,     swu_record_read, "swu is damaged"  },
	{ael_record_write,     read_ael,        "ael is damaged"  },
};
#define SECTIONS_AT_LEAST ((size_t)5) /* all there were at first */

static void write_section(const struct device *dev, size_t i, struct buf *out)
{
	cbw_map(out);
	SECTIONS[i].write(dev, out);
	cbw_end(out);
}

static void write_wrapped(const struct device *dev, size_t i, struct buf *out)
{
	struct buf section CLEANUP(buf_done) = {.max = SVR_RECORD_MAX, .secret = true};

	write_section(dev, i, &section);
	cbw_bytes(out, buf_span(&section));
	out->failed = out->failed || !buf_ok(&section);
}

void svr_record_write(const struct device *dev, unsigned format, struct buf *out)
{
	assert(format >= SVR_RECORD_OLDEST && format <= SVR_RECORD_NEWEST);
	if (!dos_is_stored(dev->dos))
		return;
	cbw_array_n(out, 1 + ARRAY_SIZE(SECTIONS));
	cbw_uint(out, format);
	for (size_t i = 0; i < ARRAY_SIZE(SECTIONS); i++)
		format == 1 ? write_section(dev, i, out) : write_wrapped(dev, i, out);
}

unsigned svr_record_format(struct span record)
{
	struct cbr c;
	unsigned format;

	cbr_open(&c, record, &WRAPPED_LIMITS);
	cbr_array(&c);
	format = cbr_more(&c) ? (unsigned)cbr_uint(&c, UINT16_MAX) : 0;
	return c.err == CBR_OK ? format : 0;
}

static bool read_section(struct device *dev, size_t i, unsigned format, struct cbr *c)
{
	struct cbr section;

	if (format == 1)
		return SECTIONS[i].read(dev, c);
	cbr_open(&section, cbr_bytes(c), &LIMITS);
	return SECTIONS[i].read(dev, &section) && cbr_close(&section) == CBR_OK;
}

/* NULL, or what is wrong with the record. */
static const char *load(struct device *dev, struct span record)
{
	const unsigned format = svr_record_format(record);
	const char *why = NULL;
	bool more = true;
	struct cbr c;

	cbr_open(&c, record, format == 1 ? &LIMITS : &WRAPPED_LIMITS);
	cbr_array(&c);
	if (format == 0 || !cbr_more(&c) || cbr_uint(&c, format) != format)
		return "damaged from its beginning";
	for (size_t i = 0; i < ARRAY_SIZE(SECTIONS); i++) {
		more = more && cbr_more(&c);
		if ((more ? !read_section(dev, i, format, &c) : i < SECTIONS_AT_LEAST) && !why)
			why = SECTIONS[i].why;
		if (why && format == 1) /* where the next one begins cannot be known */
			return why;
	}
	if (why)
		return why;
	if ((more && cbr_more(&c)) || cbr_close(&c) != CBR_OK)
		return "something is behind its end";
	return dos_fits(dev) ? NULL : "its parts contradict each other";
}

int svr_start(struct device **ret, const struct device_info *info, struct span record,
	      const struct svr_env *env, const char **ret_why)
{
	struct device *dev = NULL;
	struct svr_out none = {0};

	if (svr_record_format(record) > SVR_RECORD_NEWEST)
		return -ENOTSUP;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	*ret_why = NULL;
	dev->info = info;
	dos_wipe(dev, env, &none);
	if (record.len)
		*ret_why = load(dev, record);
	if (*ret_why) { /* never up for grabs: it waits for the owner, or a local reset */
		dev->owned = true;
		dos_resume(dev, DOS_SRESET);
	}
	*ret = dev;
	return 0;
}

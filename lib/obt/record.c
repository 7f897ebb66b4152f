#include "obt/record.h"

#include "codec/cbw.h"

#define FORMAT 1

static const struct cbr_limits LIMITS = {
	.bytes = RECORD_OCTETS_MAX, .depth = 2, .items = 64, .text = ANSWER_NAME_MAX};

const struct uuid *record_service_uuid(const struct record_self *self,
				       const struct record_device *dev, enum obt_service as)
{
	if (as == OBT_DOTS || !record_is_separate(dev))
		return &self->uuid;
	return as == OBT_CMS ? &self->cms : &self->ams;
}

const struct secret *record_service_key(const struct record_device *dev, enum obt_service as)
{
	if (as == OBT_DOTS || !record_is_separate(dev))
		return &dev->key;
	return as == OBT_CMS ? &dev->cms_key : &dev->ams_key;
}

enum cbr_err record_self_parse(struct span octets, struct record_self *ret)
{
	enum { FMT = 1, ID = 2, DOMAIN = 4, CMS = 8, AMS = 16 };
	struct record_self s = {0};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, octets, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key)) {
		if (cbr_member(&c, key, "format", &seen, FMT)) {
			if (cbr_uint(&c, FORMAT) != FORMAT)
				cbr_fail(&c, CBR_VALUE);
		} else if (cbr_member(&c, key, "uuid", &seen, ID)) {
			s.uuid = cbr_uuid(&c);
		} else if (cbr_member(&c, key, "domain", &seen, DOMAIN)) {
			s.domain = cbr_uuid(&c);
		} else if (cbr_member(&c, key, "cms", &seen, CMS)) {
			s.cms = cbr_uuid(&c);
		} else if (cbr_member(&c, key, "ams", &seen, AMS)) {
			s.ams = cbr_uuid(&c);
		} else {
			cbr_fail(&c, CBR_VALUE);
		}
	}
	err = cbr_close_with(&c, seen, FMT | ID | DOMAIN);
	if (err == CBR_OK)
		*ret = s;
	return err;
}

static void read_addresses(struct cbr *c, struct record_device *d)
{
	cbr_array(c);
	while (cbr_more(c)) {
		struct span text = cbr_text(c);

		if (d->n_addresses == RECORD_ADDRESSES_MAX ||
		    span_to_str(text, d->addresses[d->n_addresses], RECORD_ADDRESS_MAX) < 0)
			cbr_fail(c, CBR_LIMIT);
		else
			d->n_addresses++;
	}
}

enum {
	FMT = 1,
	DEVICE = 2,
	KEY = 4,
	METHOD = 8,
	COMPLETE = 16,
	SDI = 32,
	TIME = 64,
	NAME = 128,
	ADDRESSES = 256,
	EVERYTHING = 511, /* what there must be */
	CMS_KEY = 512,
	AMS_KEY = 1024
};

static void read_key(struct cbr *c, struct secret *ret)
{
	if (!secret_set(ret, cbr_bytes(c)) || ret->len == 0)
		cbr_fail(c, CBR_VALUE);
}

static void read_member(struct cbr *c, struct span key, struct record_device *d, unsigned *seen)
{
	if (cbr_member(c, key, "format", seen, FMT)) {
		if (cbr_uint(c, FORMAT) != FORMAT)
			cbr_fail(c, CBR_VALUE);
	} else if (cbr_member(c, key, "device", seen, DEVICE)) {
		d->device = cbr_uuid(c);
	} else if (cbr_member(c, key, "key", seen, KEY)) {
		read_key(c, &d->key);
	} else if (cbr_member(c, key, "cms_key", seen, CMS_KEY)) {
		read_key(c, &d->cms_key);
	} else if (cbr_member(c, key, "ams_key", seen, AMS_KEY)) {
		read_key(c, &d->ams_key);
	} else if (cbr_member(c, key, "method", seen, METHOD)) {
		d->method = (enum obt_method)cbr_uint(c, OBT_METHODS - 1);
	} else if (cbr_member(c, key, "complete", seen, COMPLETE)) {
		d->complete = cbr_bool(c);
	} else if (cbr_member(c, key, "sdi", seen, SDI)) {
		d->has_sdi = cbr_bool(c);
	} else if (cbr_member(c, key, "time", seen, TIME)) {
		d->owned_us = cbr_uint(c, INT64_MAX);
	} else if (cbr_member(c, key, "name", seen, NAME)) {
		if (span_to_str(cbr_text(c), d->name, sizeof(d->name)) < 0)
			cbr_fail(c, CBR_LIMIT);
	} else if (cbr_member(c, key, "addresses", seen, ADDRESSES)) {
		read_addresses(c, d);
	} else {
		cbr_fail(c, CBR_VALUE);
	}
}

enum cbr_err record_device_parse(struct span octets, struct record_device *ret)
{
	struct record_device d CLEANUP(record_device_wipe) = {.method = OBT_JUST_WORKS};
	unsigned seen = 0;
	struct span key;
	enum cbr_err err;
	struct cbr c;

	cbr_open(&c, octets, &LIMITS);
	cbr_map(&c);
	while (cbr_next(&c, &key))
		read_member(&c, key, &d, &seen);
	err = cbr_close_with(&c, seen, EVERYTHING);
	if (err == CBR_OK && !(seen & CMS_KEY) != !(seen & AMS_KEY))
		err = CBR_VALUE; /* both, or neither */
	if (err == CBR_OK)
		*ret = d;
	return err;
}

void record_self_write(const struct record_self *self, struct buf *out)
{
	cbw_map(out);
	cbw_kv_uint(out, "format", FORMAT);
	cbw_kv_uuid(out, "uuid", &self->uuid);
	cbw_kv_uuid(out, "domain", &self->domain);
	cbw_kv_uuid(out, "cms", &self->cms);
	cbw_kv_uuid(out, "ams", &self->ams);
	cbw_end(out);
}

void record_device_write(const struct record_device *dev, struct buf *out)
{
	cbw_map(out);
	cbw_kv_uint(out, "format", FORMAT);
	cbw_kv_uuid(out, "device", &dev->device);
	cbw_str(out, "key");
	cbw_bytes(out, secret_span(&dev->key));
	if (record_is_separate(dev)) {
		cbw_str(out, "cms_key");
		cbw_bytes(out, secret_span(&dev->cms_key));
		cbw_str(out, "ams_key");
		cbw_bytes(out, secret_span(&dev->ams_key));
	}
	cbw_kv_uint(out, "method", dev->method);
	cbw_kv_bool(out, "complete", dev->complete);
	cbw_kv_bool(out, "sdi", dev->has_sdi);
	cbw_kv_uint(out, "time", dev->owned_us);
	cbw_kv_str(out, "name", dev->name);
	cbw_str(out, "addresses");
	cbw_array(out);
	for (size_t i = 0; i < dev->n_addresses; i++)
		cbw_str(out, dev->addresses[i]);
	cbw_end(out);
	cbw_end(out);
}

void record_device_wipe(struct record_device *dev)
{
	secret_wipe(&dev->key);
	secret_wipe(&dev->cms_key);
	secret_wipe(&dev->ams_key);
}

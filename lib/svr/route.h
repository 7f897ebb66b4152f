/* lib/svr/route.h - the resources of the device and who serves them. */
#pragma once

#include "svr/access.h"
#include "svr/ncr.h"

struct exchange;
typedef enum verdict (*svr_handler)(struct exchange *x);

struct resource {
	struct target target;
	const char *rt;
	const char *interfaces[NCR_INTERFACES_MAX]; /* the first is the default */
	bool observable, hidden;                    /* hidden: not a link of /oic/res */
	uint32_t format;                            /* content format of a GET; 0: CBOR */
	size_t body_max;                            /* octets of a POST; 0: no POST */
	svr_handler get, post, del;                 /* NULL: there is no such method */
	/* Writes the properties of a resource that shows them to everyone alike. */
	void (*properties)(const struct device *dev, struct buf *b);
	const struct ncr *ncr; /* of another program; NULL: of the device */
};

/* One request on its way through the core. */
struct exchange {
	const struct device *dev;
	const struct req *req;
	struct requester who;
	const struct svr_env *env;
	const struct resource *res;
	struct resource room; /* where `res` is if it is a program's */
	enum access access;
	struct svr_out *out;
};

extern const struct resource RESOURCES[];
extern const size_t N_RESOURCES;
/* Of the device's and the programs' resources together; NULL: unknown, or no more. `room` is where
 * one of a program's is put. */
const struct resource *route_find(const struct svr_env *env, struct span path,
				  struct resource *room);
const struct resource *route_at(const struct svr_env *env, size_t i, struct resource *room);
/* A program's resource in the form of ours. */
void ncr_resource(const struct ncr *ncr, struct resource *ret);

/* The interface asked for by "if=", else the default one; NULL: not one of the resource's. */
const char *route_interface(const struct resource *res, const struct req *req);
/* The i-th type; NULL: no more. The configured device type is one of /oic/d. */
const char *route_type(const struct device *dev, const struct resource *res, size_t i);
#define IF_BASELINE "oic.if.baseline"
#define IF_LL       "oic.if.ll"
#define IF_B        "oic.if.b"
#define IF_R        "oic.if.r"
#define IF_S        "oic.if.s"
#define IF_A        "oic.if.a"
#define IF_RW       "oic.if.rw"

/* The value of the first "key=value" query; the key compares without case. False: no such key.
 * A key without "=" has the empty value. */
bool query_find(const struct req *req, const char *key, struct span *ret);

/* No key but "if" and these two (NULL: one less)? */
bool query_has_only(const struct req *req, const char *key, const char *other);

/* Keeps the reason for the log line. */
enum verdict refuse(struct exchange *x, enum verdict verdict, const char *why);
/* The staged copy of the device, which is to be stored if the device is. NULL: out of memory,
 * x->out->why says so. */
struct device *stage(struct exchange *x);

/* A GET that always shows all. */
enum verdict get_properties(struct exchange *x);
/* Opens the map of an answer, with rt and if on the baseline interface. Close with cbw_end(). */
void rep_open(const struct exchange *x);
/* "rt" and "if". */
void rep_types(const struct device *dev, const struct resource *res, struct buf *b);

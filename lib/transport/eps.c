#include "transport/eps.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "transport/socket.h"

static void format(struct eps *eps)
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v4 = IN6_IS_ADDR_V4MAPPED(&eps->local);
	const char *open = v4 ? "" : "[", *close = v4 ? "" : "]";

	(void)inet_ntop(v4 ? AF_INET : AF_INET6,
			v4 ? (const void *)&eps->local.s6_addr[12] : (const void *)&eps->local,
			host, sizeof(host));
	(void)snprintf(eps->coap, sizeof(eps->coap), "coap://%s%s%s:%u", open, host, close,
		       eps->coap_port);
	(void)snprintf(eps->coaps, sizeof(eps->coaps), "coaps://%s%s%s:%u", open, host, close,
		       eps->coaps_port);
}

void eps_for(struct eps *eps, const struct remote *from, struct span *ret_coap,
	     struct span *ret_coaps)
{
	struct in6_addr local = from->local;

	*ret_coap = *ret_coaps = span_of(NULL, 0);
	if (from->multicast && socket_source(&from->addr, &local) < 0)
		return;
	if (IN6_IS_ADDR_UNSPECIFIED(&local))
		return;
	if (!eps->valid || !IN6_ARE_ADDR_EQUAL(&local, &eps->local)) {
		eps->local = local;
		format(eps);
		eps->valid = true;
	}
	*ret_coap = span_str(eps->coap);
	if (eps->coaps_port != 0)
		*ret_coaps = span_str(eps->coaps);
}

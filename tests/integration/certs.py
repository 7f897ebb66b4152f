"""Certificates for tests, good and bad ones, by another implementation than ours."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

IDENTITY = x509.ObjectIdentifier("1.3.6.1.4.1.44924.1.6")
ROLE = x509.ObjectIdentifier("1.3.6.1.4.1.44924.1.7")
ANY = x509.ObjectIdentifier("2.5.29.37.0")
TLS = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
DAY = datetime.timedelta(days=1)


def name(cn, ou=None):
    parts = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, ou)] if ou else []
    return x509.Name(parts + [x509.NameAttribute(NameOID.COMMON_NAME, cn)])


class Cert:
    """A certificate with its key, or for another's public key; issuer None: self-signed."""

    def __init__(self, cn, issuer=None, ca=False, path=None, ekus=(*TLS, IDENTITY), role=None,
                 days=(-1, 365), encipher=False, public=None, hosts=()):
        now = datetime.datetime.utcnow()
        self.name, self.issuer = name(cn), issuer
        self.key = None if public else ec.generate_private_key(ec.SECP256R1())
        b = x509.CertificateBuilder(
            issuer_name=issuer.name if issuer else self.name, subject_name=self.name,
            public_key=public or self.key.public_key(), serial_number=x509.random_serial_number(),
            not_valid_before=now + days[0] * DAY, not_valid_after=now + days[1] * DAY)
        b = b.add_extension(x509.BasicConstraints(ca, path), critical=True)
        b = b.add_extension(x509.KeyUsage(
            digital_signature=not ca, content_commitment=False, key_encipherment=encipher,
            data_encipherment=False, key_agreement=not ca, key_cert_sign=ca, crl_sign=ca,
            encipher_only=False, decipher_only=False), critical=True)
        if not ca:
            b = b.add_extension(x509.ExtendedKeyUsage(list(ekus)), critical=False)
        if role:
            b = b.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(name(*role))]),
                                critical=False)
        if hosts:
            b = b.add_extension(x509.SubjectAlternativeName([
                x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h)
                for h in hosts]), critical=False)
        self.cert = b.sign((issuer or self).key, hashes.SHA256())

    def pem(self):
        """With the issuers below the root."""
        text = self.cert.public_bytes(serialization.Encoding.PEM).decode()
        return text + (self.issuer.pem() if self.issuer and self.issuer.issuer else "")

    def key_pem(self):
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()).decode()

    def save(self, prefix):
        """The files of chain and key."""
        for suffix, text in (("pem", self.pem()), ("key", self.key_pem())):
            with open(f"{prefix}.{suffix}", "w") as f:
                f.write(text)
        return f"{prefix}.pem", f"{prefix}.key"


def root(cn="Test Root", **more):
    return Cert(cn, ca=True, **more)


def intermediate(above, cn="Test Intermediate", path=0, **more):
    return Cert(cn, above, ca=True, path=path, **more)


def crl(ca, *certs):
    """DER of a list that revokes them."""
    now = datetime.datetime.utcnow()
    b = x509.CertificateRevocationListBuilder(issuer_name=ca.name, last_update=now - DAY,
                                              next_update=now + DAY)
    for c in certs:
        b = b.add_revoked_certificate(x509.RevokedCertificateBuilder(
            serial_number=c.cert.serial_number, revocation_date=now - DAY).build())
    return b.sign(ca.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

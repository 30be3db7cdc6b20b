//! The way between the agent and a service.

super::causes! { Network:
    SETTINGS {
        name: "network-settings",
        signs: [["the agent's network settings cannot be used"]],
        headline: "the agent's network settings cannot be used",
        meaning: "The proxy's URL, the certificate authority or the client certificate that the agent was set up with cannot be read.",
        remedy: "correct the agent's proxy or certificate settings (config.sh --help lists them)",
        owner: AgentAdministrator,
        again: No,
    }
    NAME_UNKNOWN {
        name: "network-name-unknown",
        signs: [
            ["dns error"], ["failed to lookup address"], ["Could not resolve host"], ["getaddrinfo"], ["ENOTFOUND"],
            ["EAI_AGAIN"], ["Name or service not known"], ["No such host is known"], ["Temporary failure in name resolution"],
            ["UnknownHostException"], ["The remote name could not be resolved"], ["nodename nor servname provided"],
            ["the name of", "cannot be looked up"],
        ],
        headline: "the host's name cannot be looked up (DNS)",
        meaning: "The agent's DNS server does not know the name or does not answer. Behind a proxy the agent asks the proxy, unless the \
            host is on the bypass list.",
        remedy: "check the agent's DNS server, and where all traffic goes through a proxy, the agent's proxy settings (.proxy, \
            .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    UNREACHABLE {
        name: "network-unreachable",
        signs: [
            ["connection refused"], ["ECONNREFUSED"], ["network is unreachable"], ["ENETUNREACH"], ["no route to host"],
            ["EHOSTUNREACH"], ["actively refused"], ["tcp connect error"],
        ],
        headline: "the host cannot be reached",
        meaning: "A firewall, the network or a missing proxy setting keeps the agent from connecting.",
        remedy: "let the agent reach https://dev.azure.com, https://pkgs.dev.azure.com and https://login.microsoftonline.com: check the \
            firewall and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    BROKEN_OFF {
        name: "network-broken-off",
        signs: [
            ["connection reset"], ["ECONNRESET"], ["socket hang up"], ["unexpected EOF"], ["connection closed before message completed"],
            ["broken pipe"], ["EPIPE"], ["end of file before message length reached"], ["forcibly closed"],
            ["the connection to", "broke off"],
        ],
        headline: "the connection broke off",
        meaning: "The host, or a firewall or proxy on the way to it, ended the connection before the answer was complete. The task has \
            tried several times.",
        remedy: "run again; if it stays, check what firewall or proxy on the way cuts connections, and the agent's proxy settings \
            (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    TIMED_OUT {
        name: "network-timed-out",
        signs: [
            ["ETIMEDOUT"], ["timed out"], ["did not answer within"], ["operation timeout"], ["ESOCKETTIMEDOUT"],
            ["A connection attempt failed because the connected party did not properly respond"],
        ],
        headline: "the host did not answer in time",
        meaning: "Packets are dropped on the way, as some firewalls do, or the service is slow. The whole step ends within 45 seconds.",
        remedy: "run again; if it stays, check the firewall and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: AtOnce,
    }
    PROXY_UNREACHABLE {
        name: "proxy-unreachable",
        signs: [
            ["the agent's proxy", "cannot be reached itself"], ["Could not resolve proxy"], ["tunneling socket could not be established", "ECONNREFUSED"],
            ["failed to create underlying connection"],
        ],
        headline: "the agent's proxy cannot be reached",
        meaning: "Nothing listens at the address that the agent was set up with, or the way to it is blocked.",
        remedy: "start the proxy, or correct the agent's proxy settings (config.sh --proxyurl)",
        owner: AgentAdministrator,
        again: AtOnce,
    }
    PROXY_WANTS_PASSWORD {
        name: "proxy-wants-password",
        signs: [
            ["Proxy Authentication Required"], ["proxy authorization required"], ["tunnel", "407"], ["proxy", "407"],
        ],
        headline: "the proxy wants a user and a password",
        meaning: "The agent's settings hold none, or the proxy does not accept them (407).",
        remedy: "give the agent the proxy's user and password (config.sh --proxyusername, --proxypassword)",
        owner: AgentAdministrator,
        again: No,
    }
    PROXY_REFUSES {
        name: "proxy-refuses",
        signs: [
            ["tunnel error", "unsuccessful"], ["CONNECT tunnel failed"], ["Received HTTP code 403 from proxy after CONNECT"],
            ["Proxy CONNECT aborted"], ["tunneling socket could not be established"], ["the proxy refused the connection"],
        ],
        headline: "the proxy does not let the agent through to the host",
        meaning: "Its rules do not permit the host, or it could not reach the host itself.",
        remedy: "have the proxy permit connections to dev.azure.com, pkgs.dev.azure.com and login.microsoftonline.com at port 443",
        owner: NetworkAdministrator,
        again: No,
    }
    AUTHORITY_UNKNOWN {
        name: "certificate-authority-unknown",
        signs: [
            ["UnknownIssuer"], ["unable to get local issuer certificate"], ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
            ["self-signed certificate"], ["self signed certificate"], ["SELF_SIGNED_CERT_IN_CHAIN"], ["DEPTH_ZERO_SELF_SIGNED_CERT"],
            ["UNABLE_TO_VERIFY_LEAF_SIGNATURE"], ["unable to verify the first certificate"], ["PKIX path building failed"],
            ["certificate signed by unknown authority"], ["terminated in a root certificate which is not trusted"],
            ["PartialChain"], ["UntrustedRoot"],
        ],
        headline: "the authority that signed the host's certificate is not known to the agent",
        meaning: "A company's proxy that looks into encrypted traffic signs with an authority of its own, which every machine and \
            container must be told to trust.",
        remedy: "give the agent the authority that signs it (config.sh --sslcacert), and in a container job an image that holds it",
        owner: AgentAdministrator,
        again: No,
    }
    CERTIFICATE_DATE {
        name: "server-certificate-date",
        signs: [
            ["CERT_HAS_EXPIRED"], ["certificate has expired"], ["certificate expired"], ["certificate is not yet valid"],
            ["CERT_NOT_YET_VALID"], ["certificate not valid yet"], ["certificate", "not within its validity period"],
            ["invalid peer certificate: Expired"], ["invalid peer certificate: NotValidYet"],
        ],
        headline: "the host's certificate has expired or is not yet valid",
        meaning: "With a service of Microsoft, the agent's clock may be wrong, or a proxy in between signs with an old certificate.",
        remedy: "compare the agent's clock with the true time; if it is right, have the certificate of the proxy renewed",
        owner: AgentAdministrator,
        again: No,
    }
    CERTIFICATE_OF_ANOTHER_NAME {
        name: "server-certificate-other-name",
        signs: [
            ["ERR_TLS_CERT_ALTNAME_INVALID"], ["certificate not valid for name"], ["NotValidForName"], ["does not match certificate's altnames"],
            ["no alternative certificate subject name matches"], ["hostname mismatch"],
        ],
        headline: "the host's certificate is made out to another name",
        meaning: "Another server answers in the place of the host: a proxy, a page that wants a sign-in, or a wrong entry of DNS.",
        remedy: "find out who answers in the place of the host: check DNS, and the agent's proxy settings (.proxy, .proxybypass)",
        owner: NetworkAdministrator,
        again: No,
    }
    CERTIFICATE_REFUSED {
        name: "server-certificate-refused",
        hints: [["is not trusted", "certificate of"], ["invalid peer certificate"], ["certificate verify failed"], ["SSL certificate problem"]],
        headline: "the host's certificate is not trusted",
        meaning: "The certificate is no proof of the host for this machine: revoked, malformed or not meant for a server.",
        remedy: "see who signs the certificate; where it is the company's proxy, have its certificate mended or give the agent its \
            authority (config.sh --sslcacert)",
        owner: NetworkAdministrator,
        again: No,
    }
    TOO_LARGE {
        name: "answer-too-large",
        signs: [["sent more than a mebibyte"]],
        headline: "the answer is far longer than any of the service",
        meaning: "The services answer in some kilobytes. A proxy that answers in their place may send anything.",
        remedy: "check whether a proxy answers in place of the host",
        owner: NetworkAdministrator,
        again: No,
    }
}

"""CMPP 2.0 and 3.0, the protocol of Chinese operators between service providers and gateways."""

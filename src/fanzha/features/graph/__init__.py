"""Graph features of a stream of transfers: what an account's neighbours tell, in bounded work."""

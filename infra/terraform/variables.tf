variable "name" {
  description = "Put in front of every resource's name."
  type        = string
  default     = "styleforge"
}

variable "vpc_id" {
  description = "The network that database and cache live in."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "Name subnets in at least two zones."
  }
}

variable "client_security_group_ids" {
  description = "Security groups of the API and the workers: they, and nothing else, reach database and cache."
  type        = list(string)
}

variable "database_class" {
  description = "Size of the database."
  type        = string
  default     = "db.m7g.large"
}

variable "database_storage_gb" {
  description = "Storage at the start; it grows by itself to ten times this."
  type        = number
  default     = 50
}

variable "cache_node_type" {
  description = "Size of the Redis that holds the queue."
  type        = string
  default     = "cache.t4g.small"
}

variable "deletion_protection" {
  description = "Whether database and bucket refuse to be destroyed."
  type        = bool
  default     = true
}

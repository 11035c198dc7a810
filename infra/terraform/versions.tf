# Providers are pinned exactly; `terraform init` writes their checksums to .terraform.lock.hcl, which belongs to the installation.
terraform {
  required_version = ">= 1.9, < 2.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "6.14.1"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.7.2"
    }
  }
}
